import { createRequire } from 'node:module'
import { basename, dirname, join } from 'node:path'
import { PigeonholeError } from '@pigeonhole/core'
import type { Cluster, Consumer, Kafka } from 'kafkajs'
import type { FetchResponse } from './read-committed/fetch-response.js'

/** The one version of kafkajs whose internals this package was checked against. */
export const supportedVersion = '2.2.4'

/** The class of kafkajs that talks to one broker, shared by all clients of a copy of kafkajs. */
export interface BrokerPrototype {
  fetch(this: unknown, request: unknown): Promise<FetchResponse>
}

/** The broker that kafkajs asks for the others, by one of the addresses in `brokers`. */
export interface SeedBroker {
  readonly connectionPool: { readonly host: string; readonly port: number }
  connect(): Promise<void>
}

/** The class of kafkajs that finds the brokers of a cluster, shared by all clients of a copy of kafkajs. */
export interface BrokerPool {
  seedBroker: SeedBroker | undefined
  /** Ends the seed broker, and takes the next of `brokers` for it. Connects to nothing. */
  createSeedBroker(): Promise<void>
  hasConnectedBrokers(): boolean
  connect(): Promise<void>
  refreshMetadata(topics: readonly string[]): Promise<void>
}

const require = createRequire(import.meta.url)

/**
 * The broker class of the copy of kafkajs that this package itself resolves.
 * @throws KAFKAJS_UNSUPPORTED
 */
export function ownBrokerPrototype(): BrokerPrototype {
  assertVersion((require('kafkajs/package.json') as { readonly version: string }).version)
  return (require('kafkajs/src/broker') as { readonly prototype: BrokerPrototype }).prototype
}

/** @throws KAFKAJS_UNSUPPORTED */
export function assertVersion(version: string): void {
  if (version !== supportedVersion) throw unsupported(version)
}

/** What {@link copyOf} tells of clients of the copy of kafkajs that this package itself resolves. */
export function ownCopy(): object {
  return (require('kafkajs/src/errors') as { readonly KafkaJSNonRetriableError: object })
    .KafkaJSNonRetriableError
}

/**
 * The broker class behind `kafka`, which may come from another copy of kafkajs. Connects to nothing.
 * @throws KAFKAJS_UNSUPPORTED
 */
export function brokerPrototypeOf(kafka: Kafka): BrokerPrototype {
  const pool = poolOf(kafka)
  const nowhere = { connectionTimeout: 0, host: '', port: 0 }
  return Object.getPrototypeOf(
    pool.createBroker({ connectionPool: nowhere, logger: kafka.logger() }),
  ) as BrokerPrototype
}

/**
 * The class of the copy of kafkajs behind `client` that finds the brokers of a cluster, shared by all clients of that copy. Connects to
 * nothing.
 * @throws KAFKAJS_UNSUPPORTED
 */
export function poolPrototypeOf(client: Kafka | Consumer): BrokerPool {
  if ('consumer' in client) return Object.getPrototypeOf(poolOf(client)) as BrokerPool
  return (moduleOf(client, 'cluster/brokerPool') as { readonly prototype: BrokerPool }).prototype
}

function poolOf(kafka: Kafka): BrokerFactory {
  const { brokerPool } = clusterOf(kafka) as unknown as { readonly brokerPool?: BrokerFactory }
  if (typeof brokerPool?.createBroker !== 'function') throw unsupported('another version')
  return brokerPool
}

interface BrokerFactory {
  createBroker(options: unknown): object
}

/**
 * A new cluster client with the settings of `kafka`, not connected: its owner disconnects it. kafkajs hands a
 * consumer's cluster client to the factories of its partition assigners, and to nobody else.
 */
export function clusterOf(kafka: Kafka): Cluster {
  let cluster: Cluster | undefined
  kafka.consumer({
    groupId: 'pigeonhole',
    allowAutoTopicCreation: false,
    partitionAssigners: [
      (config) => {
        cluster = config.cluster
        return {
          name: 'unused',
          version: 0,
          assign: async () => [],
          protocol: () => ({ name: 'unused', metadata: Buffer.alloc(0) }),
        }
      },
    ],
  })
  if (!cluster) throw unsupported('another version')
  return cluster
}

/** Identifies the copy of kafkajs that `client` comes from: the class of the errors that it throws. */
export function copyOf(client: Kafka | Consumer): object {
  try {
    if ('consumer' in client) client.consumer({ groupId: '' })
    else client.seek({ topic: '', partition: 0, offset: '0' })
  } catch (error) {
    return (error as object).constructor
  }
  throw unsupported('another version')
}

/**
 * A module of the copy of kafkajs that `client` comes from, by its path inside `src`.
 * @throws KAFKAJS_UNSUPPORTED
 */
export function moduleOf(client: Kafka | Consumer, path: string): unknown {
  const copy = copyOf(client)
  const errors = copy === ownCopy() ? require.resolve('kafkajs/src/errors') : errorsModuleOf(copy)
  return require(join(dirname(errors), path))
}

// A copy is known by a class of its errors module, which its index hands on, and a loaded module by its path.
function errorsModuleOf(copy: object): string {
  const found = Object.entries(require.cache).find(
    ([path, module]) => basename(path) === 'errors.js' && nonRetriableErrorOf(module?.exports) === copy,
  )
  if (!found) throw unsupported('of another copy')
  return found[0]
}

function nonRetriableErrorOf(exports: unknown): unknown {
  return (exports as { readonly KafkaJSNonRetriableError?: unknown } | null)?.KafkaJSNonRetriableError
}

/** The error for a copy of kafkajs whose internals are not known. */
export function unsupported(found: string): PigeonholeError<'KAFKAJS_UNSUPPORTED'> {
  return new PigeonholeError('KAFKAJS_UNSUPPORTED', {
    message: `kafkajs ${found} is in use, but Pigeonhole mends internals of kafkajs ${supportedVersion} only: npm install kafkajs@${supportedVersion}`,
    details: { found, needed: supportedVersion },
  })
}
