import { createRequire } from 'node:module'
import { PigeonholeError } from '@pigeonhole/core'
import type { Cluster, Consumer, Kafka } from 'kafkajs'
import type { FetchResponse } from './read-committed/fetch-response.js'

/** The one version of kafkajs whose internals this package was checked against. */
export const supportedVersion = '2.2.4'

/** The class of kafkajs that talks to one broker, shared by all clients of a copy of kafkajs. */
export interface BrokerPrototype {
  fetch(this: unknown, request: unknown): Promise<FetchResponse>
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
  const pool = (clusterOf(kafka) as unknown as { readonly brokerPool?: BrokerPool }).brokerPool
  if (typeof pool?.createBroker !== 'function') throw unsupported('another version')
  const nowhere = { connectionTimeout: 0, host: '', port: 0 }
  return Object.getPrototypeOf(
    pool.createBroker({ connectionPool: nowhere, logger: kafka.logger() }),
  ) as BrokerPrototype
}

interface BrokerPool {
  createBroker?(options: unknown): object
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

/** The error for a copy of kafkajs whose internals are not known. */
export function unsupported(found: string): PigeonholeError<'KAFKAJS_UNSUPPORTED'> {
  return new PigeonholeError('KAFKAJS_UNSUPPORTED', {
    message: `kafkajs ${found} is in use, but Pigeonhole mends internals of kafkajs ${supportedVersion} only: npm install kafkajs@${supportedVersion}`,
    details: { found, needed: supportedVersion },
  })
}
