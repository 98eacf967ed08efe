import { randomBytes } from 'node:crypto'
import {
  createInbox,
  createOutbox,
  type HandlerContext,
  type Inbox,
  type InboxOptions,
  type Topic,
  textCodec,
  topic,
} from '@pigeonhole/core'
import { type InboxRun, on, type RunInboxOptions, runInbox } from '@pigeonhole/kafkajs'
import { migrate, type PostgresStore, postgresStore } from '@pigeonhole/postgres'
import { createDatabase, createTopics, type TestDatabase } from '@pigeonhole/testing'
import {
  type Cluster,
  type Consumer,
  type ConsumerConfig,
  Kafka,
  logLevel,
  type Message,
  type PartitionAssigner,
  PartitionAssigners,
  type Producer,
} from 'kafkajs'
import pg from 'pg'

/** The servers of the run. */
export interface LabServers {
  readonly databaseUrl: string
  readonly kafkaBrokers: readonly string[]
}

/** What a handler of the lab is given. */
export type LabContext = HandlerContext<pg.ClientBase, string>

/** How {@link InboxLab.run} runs an inbox. */
export interface LabRun {
  /** Default: writes the message's effect. */
  readonly handler?: (context: LabContext) => Promise<void> | void
  readonly topics?: readonly Topic<string>[]
  readonly inbox?: Inbox<pg.ClientBase>
  readonly consumer?: Partial<ConsumerConfig>
  readonly options?: Partial<RunInboxOptions<pg.ClientBase>>
  readonly kafka?: Kafka
}

interface GroupCoordinator {
  leaveGroup(member: { readonly groupId: string; readonly memberId: string }): Promise<void>
  offsetCommit(offsets: {
    readonly groupId: string
    readonly groupGenerationId: number
    readonly memberId: string
    readonly topics: readonly unknown[]
  }): Promise<void>
}

/** A database, topics, a group and an inbox of one test's own, and everything that runs on them. */
export class InboxLab implements AsyncDisposable {
  readonly name = `inbox-${randomBytes(4).toString('hex')}`
  readonly kafka: Kafka
  readonly pool: pg.Pool
  readonly store: PostgresStore
  readonly #servers: LabServers
  readonly #database: TestDatabase
  readonly #producer: Producer
  readonly #runs: InboxRun[] = []
  #topics = 0

  private constructor(servers: LabServers, database: TestDatabase) {
    this.#servers = servers
    this.#database = database
    this.kafka = this.newKafka()
    this.pool = new pg.Pool({ connectionString: database.url, max: 10 })
    this.store = postgresStore(this.pool)
    // A topic or a cluster that is new may not be ready for its first message.
    const retry = { initialRetryTime: 50, retries: 10 }
    this.#producer = this.kafka.producer({ allowAutoTopicCreation: false, retry })
  }

  static async open(servers: LabServers): Promise<InboxLab> {
    const database = await createDatabase({ url: servers.databaseUrl })
    await migrate({ connectionString: database.url })
    const lab = new InboxLab(servers, database)
    await lab.pool.query(
      `CREATE TABLE effect (id bigint GENERATED ALWAYS AS IDENTITY, value text NOT NULL, key bytea, unique_value text UNIQUE);
       CREATE TABLE broken (value text PRIMARY KEY)`,
    )
    await lab.#producer.connect()
    return lab
  }

  /** A client of its own: what kafkajs shares between consumers of one Kafka instance is not shared with it. */
  newKafka(brokers: readonly string[] = this.#servers.kafkaBrokers): Kafka {
    return new Kafka({
      brokers: [...brokers],
      logLevel: logLevel.NOTHING,
      retry: { initialRetryTime: 50, retries: 3 },
    })
  }

  /**
   * A connected producer of transactions. While Kafka still writes the markers of one it refuses the next, which takes a busy machine
   * longer than a client with few retries waits.
   */
  async transactional(transactionalId = this.name): Promise<Producer> {
    const retry = { initialRetryTime: 50, retries: 10 }
    const settings = { transactionalId, maxInFlightRequests: 1, idempotent: true, retry }
    const producer = this.newKafka().producer(settings)
    await producer.connect()
    return producer
  }

  get databaseUrl(): string {
    return this.#database.url
  }

  get brokers(): readonly string[] {
    return this.#servers.kafkaBrokers
  }

  async createTopic(
    numPartitions = 1,
    config: Readonly<Record<string, string>> = {},
  ): Promise<Topic<string>> {
    this.#topics += 1
    const name = `${this.name}-${this.#topics}`
    const configEntries = Object.entries(config).map(([key, value]) => ({ name: key, value }))
    await createTopics(this.brokers, [{ topic: name, numPartitions, configEntries }])
    return topic<string>(name, { codec: textCodec })
  }

  async admin<R>(work: (admin: ReturnType<Kafka['admin']>) => Promise<R>): Promise<R> {
    const admin = this.kafka.admin()
    await admin.connect()
    try {
      return await work(admin)
    } finally {
      await admin.disconnect()
    }
  }

  /** Sends texts to one partition, outside any transaction. */
  async send({ name }: Topic<string>, values: readonly (string | Message)[], partition = 0): Promise<void> {
    const messages = values.map((value) =>
      typeof value === 'string' ? { value, partition } : { partition, ...value },
    )
    await this.#producer.send({ topic: name, messages })
  }

  inbox(options: Partial<InboxOptions<pg.ClientBase>> = {}): Inbox<pg.ClientBase> {
    const outbox = createOutbox({ store: this.store })
    return createInbox({ store: this.store, outbox, name: this.name, ...options })
  }

  /** Runs an inbox, with short waits, until the lab is closed. */
  run({ consumer, kafka = this.newKafka(), ...run }: LabRun): Promise<InboxRun> {
    return this.runOn(kafka.consumer({ ...this.consumerConfig, ...consumer }), run)
  }

  get consumerConfig(): ConsumerConfig {
    const timeouts = { heartbeatInterval: 300, sessionTimeout: 6_000, rebalanceTimeout: 10_000 }
    return { groupId: this.name, maxWaitTimeInMs: 200, ...timeouts }
  }

  /** Runs an inbox on a consumer of the test's own. */
  async runOn(
    consumer: Consumer,
    { handler = writeEffect, topics = [], inbox = this.inbox(), options }: Omit<LabRun, 'consumer' | 'kafka'>,
  ): Promise<InboxRun> {
    const run = await runInbox(consumer, inbox, {
      handlers: topics.map((it) => on(it, handler)),
      backoff: { initialMs: 50, maxMs: 200 },
      commitIntervalMs: 50,
      attempts: Number.POSITIVE_INFINITY,
      parkedPollMs: 50,
      ...options,
    })
    this.#runs.push(run)
    return run
  }

  /** Tells Kafka that every member of the group has left. The members hear of it at their next heartbeat. */
  async expelMembers(): Promise<void> {
    const { groups } = await this.admin((admin) => admin.describeGroups([this.name]))
    await this.#withCoordinator(async (coordinator) => {
      for (const { memberId } of groups[0]?.members ?? []) {
        await coordinator.leaveGroup({ groupId: this.name, memberId })
      }
    })
  }

  /** Sets Kafka's own offset of the group, which nobody is in. */
  async setGroupOffset({ name: topic }: Topic<string>, offset: string, partition = 0): Promise<void> {
    const nobody = { groupId: this.name, groupGenerationId: -1, memberId: '' }
    await this.#withCoordinator((coordinator) =>
      coordinator.offsetCommit({ ...nobody, topics: [{ topic, partitions: [{ partition, offset }] }] }),
    )
  }

  // kafkajs shows the cluster that it talks to, and the requests of the group's protocol, to assigners only.
  async #withCoordinator(work: (coordinator: GroupCoordinator) => Promise<void>): Promise<void> {
    let cluster: Cluster | undefined
    const assigner: PartitionAssigner = (config) => {
      cluster = config.cluster
      return PartitionAssigners.roundRobin(config)
    }
    const consumer = this.kafka.consumer({ groupId: `${this.name}-none`, partitionAssigners: [assigner] })
    await consumer.connect()
    // Of a group that Kafka has just heard of, the coordinator is known before it knows itself.
    for (let settled = false; !settled; ) {
      const broker: unknown = await cluster?.findGroupCoordinator({ groupId: this.name })
      settled = await work(broker as GroupCoordinator).then(() => true, unlessUnsettled)
    }
    await consumer.disconnect()
  }

  /** The values of all effects, in the order in which they were written. */
  async effects(): Promise<string[]> {
    const { rows } = await this.pool.query<{ value: string }>('SELECT value FROM effect ORDER BY id')
    return rows.map(({ value }) => value)
  }

  /** Where the inbox goes on in a partition. */
  async position({ name }: Topic<string>, partition = 0): Promise<bigint | undefined> {
    const [found] = await this.store.readPositions(this.name, [{ topic: name, partition }])
    return found?.nextOffset
  }

  /** Kafka's own offset of the group. */
  async groupOffset({ name }: Topic<string>, partition = 0): Promise<string | undefined> {
    const [found] = await this.admin((admin) => admin.fetchOffsets({ groupId: this.name, topics: [name] }))
    return found?.partitions.find((it) => it.partition === partition)?.offset
  }

  /** Sessions of this database with an open transaction, but for the one that asks. */
  async sessionsInTransaction(): Promise<number> {
    const { rows } = await this.pool.query(
      "SELECT count(*)::int AS open FROM pg_stat_activity WHERE datname = current_database() AND state LIKE 'idle in %'",
    )
    return rows[0]?.open
  }

  /** Sessions of this database, or those of an application, that wait for another one's row. */
  async sessionsWaitingForLocks(application?: string): Promise<number> {
    const { rows } = await this.pool.query(
      `SELECT count(*)::int AS waiting FROM pg_stat_activity
       WHERE datname = current_database() AND wait_event_type = 'Lock' AND application_name = coalesce($1, application_name)`,
      [application],
    )
    return rows[0]?.waiting
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#runs.map((run) => run.stop({ signal: AbortSignal.timeout(2_000) })))
    await this.#producer.disconnect()
    await this.pool.end()
    await this.#database.drop()
  }
}

/** `inbox` with some of its methods replaced. Messages come to `handle` one by one. */
export function inboxWith(
  inbox: Inbox<pg.ClientBase>,
  replaced: Partial<Inbox<pg.ClientBase>>,
): Inbox<pg.ClientBase> {
  const handle: Inbox<pg.ClientBase>['handle'] =
    replaced.handle ?? ((delivery, binding, options) => inbox.handle(delivery, binding, options))
  return {
    name: inbox.name,
    keepsPositions: inbox.keepsPositions,
    keepsIds: inbox.keepsIds,
    idRetentionMs: inbox.idRetentionMs,
    forgetOldIds: (options) => inbox.forgetOldIds(options),
    on: (name, listener) => inbox.on(name, listener),
    checkSchema: () => inbox.checkSchema(),
    handle,
    handleGroup: (deliveries, binding, options) =>
      Promise.all(deliveries.slice(0, 1).map((first) => handle(first, binding, options))),
    park: (delivery, options) => inbox.park(delivery, options),
    retryParked: (bindings, options) => inbox.retryParked(bindings, options),
    readPositions: (partitions) => inbox.readPositions(partitions),
    bindTopic: (topic, topicId) => inbox.bindTopic(topic, topicId),
    claimPosition: (position) => inbox.claimPosition(position),
    waitForTurn: (delivery) => inbox.waitForTurn(delivery),
    startMessage: (position) => inbox.startMessage(position),
    endMessage: (position) => inbox.endMessage(position),
    finishMessage: (position) => inbox.finishMessage(position),
    ...replaced,
  }
}

/** Writes the message's value into the table of effects. */
export async function writeEffect({ message, tx }: LabContext): Promise<void> {
  await tx.query('INSERT INTO effect (value, key) VALUES ($1, $2)', [message.value, message.key])
}

function unlessUnsettled(error: unknown): false {
  const { type } = error as { readonly type?: unknown }
  if (type === 'NOT_COORDINATOR_FOR_GROUP' || type === 'GROUP_LOAD_IN_PROGRESS') return false
  throw error
}
