import type { Cluster, Kafka } from 'kafkajs'
import { clusterOf, unsupported } from '../kafkajs-copy.js'
import { refusalOf } from '../publisher/broker-errors.js'
import { passOverSilentBrokers } from '../silent-brokers/pass-over-silent-brokers.js'
import { type ControllerClock, readControllerClock, type VersionedBroker } from './controller-clock.js'
import { type DescribedTopic, describeTopics, type ListedBroker } from './describe-topics.js'
import { type GroupBroker, type ReadingMember, readMembers } from './read-groups.js'
import { mayWriteTransactions, type TransactionBroker } from './transactional-access.js'
import { ask } from './wire.js'

/** What is to be found out. */
export interface ClusterQuestion {
  readonly topics: readonly string[]
  readonly transactionalIds: readonly string[]
}

/** Settings by name; null for what the broker keeps secret. */
export type Settings = Readonly<Record<string, string | null>>

/** What a cluster tells, as far as it lets who asks see it. */
export interface ClusterInspection {
  readonly clusterId: string
  readonly brokers: readonly InspectedBroker[]
  readonly topics: readonly InspectedTopic[]
  /** Whether each transactional id may be written to; undefined where that cannot be told. */
  readonly transactionalIds: ReadonlyMap<string, boolean | undefined>
  readonly clock: ControllerClock | undefined
  readonly members: readonly ReadingMember[]
}

/** A broker of the cluster. */
export interface InspectedBroker extends ListedBroker {
  /** Why it could not be asked; undefined where it was. */
  readonly error: string | undefined
  /** The newest version of each request that it knows, by the request's key. */
  readonly versions: ReadonlyMap<number, number>
  /** Undefined where the settings may not be looked at. */
  readonly settings: Settings | undefined
}

/** A topic with its settings. */
export interface InspectedTopic extends DescribedTopic {
  /** Undefined where the settings may not be looked at. */
  readonly settings: Settings | undefined
}

/** What there is of kafkajs's classes beyond their types. */
interface OwnBroker extends VersionedBroker, TransactionBroker, GroupBroker {
  connect(): Promise<void>
  disconnect(): Promise<void>
  describeConfigs(request: {
    readonly resources: readonly { readonly type: number; readonly name: string }[]
  }): Promise<{
    readonly resources: readonly {
      readonly configEntries: readonly { readonly configName: string; readonly configValue: string | null }[]
    }[]
  }>
}

interface OwnPool {
  readonly seedBroker?: OwnBroker
  readonly connectionPoolBuilder: {
    build(address: {
      readonly host: string
      readonly port: number
      readonly rack: string | null
    }): Promise<object>
  }
  createBroker(options: {
    readonly connectionPool: object
    readonly logger: object
    readonly nodeId: number
  }): OwnBroker
}

const topicType = 2
const brokerType = 4

/**
 * Looks at a cluster without changing anything: no topic is created, no producer fenced, no group joined.
 * Rejects with kafkajs's own error where no broker can be reached, or none lets us in.
 */
export async function inspectCluster(kafka: Kafka, question: ClusterQuestion): Promise<ClusterInspection> {
  passOverSilentBrokers(kafka)
  const cluster = clusterOf(kafka)
  await cluster.connect()
  try {
    return await new Inspector(kafka, poolOf(cluster)).inspect(question)
  } finally {
    await cluster.disconnect().catch(() => undefined)
  }
}

/**
 * The brokers of a client that is connected.
 * @throws KAFKAJS_UNSUPPORTED
 */
export function poolOf(cluster: Cluster): OwnPool & { readonly seedBroker: OwnBroker } {
  const { brokerPool: pool } = cluster as unknown as { readonly brokerPool?: OwnPool }
  if (!pool?.seedBroker) throw unsupported('another version')
  return pool as OwnPool & { readonly seedBroker: OwnBroker }
}

class Inspector {
  readonly #kafka: Kafka
  readonly #pool: OwnPool
  readonly #seed: OwnBroker

  constructor(kafka: Kafka, pool: OwnPool & { readonly seedBroker: OwnBroker }) {
    this.#kafka = kafka
    this.#pool = pool
    this.#seed = pool.seedBroker
  }

  async inspect({ topics, transactionalIds }: ClusterQuestion): Promise<ClusterInspection> {
    const described = await ask(this.#seed, describeTopics(topics))
    const inspected: InspectedTopic[] = []
    for (const topic of described.topics)
      inspected.push({ ...topic, settings: await this.#topicSettings(topic) })
    const access = new Map<string, boolean | undefined>()
    for (const id of transactionalIds) access.set(id, await mayWriteTransactions(this.#seed, id))
    const brokers: InspectedBroker[] = []
    const members: ReadingMember[] = []
    for (const broker of described.brokers) brokers.push(await this.#inspectBroker(broker, members))
    const clock = await readControllerClock(this.#seed)
    const { clusterId } = described
    return { clusterId, brokers, topics: inspected, transactionalIds: access, clock, members }
  }

  // Asked one by one: an answer of several fails as a whole where one of them is refused.
  async #topicSettings({ topic, state }: DescribedTopic): Promise<Settings | undefined> {
    return state === 'there' ? await settingsOf(this.#seed, topicType, topic) : undefined
  }

  async #inspectBroker(listed: ListedBroker, members: ReadingMember[]): Promise<InspectedBroker> {
    const { id, host, port, rack } = listed
    const connectionPool = await this.#pool.connectionPoolBuilder.build({ host, port, rack })
    const broker = this.#pool.createBroker({ connectionPool, logger: this.#kafka.logger(), nodeId: id })
    try {
      await broker.connect()
      const settings = await settingsOf(broker, brokerType, String(id))
      members.push(...(await readMembers(broker)))
      return { ...listed, error: undefined, versions: versionsOf(broker), settings }
    } catch (error) {
      return { ...listed, error: String((error as Error).message), versions: new Map(), settings: undefined }
    } finally {
      await broker.disconnect().catch(() => undefined)
    }
  }
}

async function settingsOf(broker: OwnBroker, type: number, name: string): Promise<Settings | undefined> {
  try {
    const { resources } = await broker.describeConfigs({ resources: [{ type, name }] })
    const entries = resources[0]?.configEntries ?? []
    return Object.fromEntries(entries.map(({ configName, configValue }) => [configName, configValue]))
  } catch (error) {
    if (refusalOf(error)) return undefined
    throw error
  }
}

function versionsOf({ versions }: OwnBroker): Map<number, number> {
  return new Map(
    Object.entries(versions).flatMap(([key, version]) =>
      version ? [[Number(key), version.maxVersion]] : [],
    ),
  )
}
