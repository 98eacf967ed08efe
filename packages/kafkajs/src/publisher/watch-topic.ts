import { setTimeout as delay } from 'node:timers/promises'
import { messageIdHeader, PigeonholeError } from '@pigeonhole/core'
import type { Cluster, Kafka } from 'kafkajs'
import { clusterOf } from '../kafkajs-copy.js'
import { correctReadCommitted } from '../read-committed/correct-read-committed.js'
import { passOverSilentBrokers } from '../silent-brokers/pass-over-silent-brokers.js'
import { brokerError, refusalOf } from './broker-errors.js'
import { LogPartition } from './log-partition.js'

/** Where a message was found. */
export interface FoundMessage {
  readonly partition: number
  readonly offset: bigint
}

/** A topic that is read from a moment on, as a `read_committed` consumer without a group reads it. */
export interface TopicWatch {
  /**
   * Resolves to where the message with this id came to lie since the watch began, once it is committed.
   * @throws DEADLINE_EXCEEDED when `signal` aborts first
   */
  find(id: string, signal: AbortSignal): Promise<FoundMessage>
  /** Never rejects. */
  close(): Promise<void>
}

const lookPauseMs = 50

/**
 * Watches a topic from its end on.
 * @throws TOPIC_MISSING, BROKER_ACCESS_DENIED, BROKER_UNAVAILABLE
 */
export async function watchTopic(kafka: Kafka, topic: string): Promise<TopicWatch> {
  correctReadCommitted(kafka)
  passOverSilentBrokers(kafka)
  const cluster = clusterOf(kafka)
  try {
    await cluster.connect()
    await cluster.addTargetTopic(topic)
    const logs = cluster.findTopicPartitionMetadata(topic).map(async ({ partitionId }) => {
      const log = new LogPartition(cluster, topic, partitionId)
      return { partition: partitionId, log, next: await log.stableEnd() }
    })
    return new LogWatch(cluster, topic, await Promise.all(logs))
  } catch (error) {
    await cluster.disconnect().catch(() => undefined)
    if (refusalOf(error)?.type === 'UNKNOWN_TOPIC_OR_PARTITION') throw topicMissing(topic, error)
    throw brokerError(error, { doing: 'reading the topic', topic })
  }
}

interface WatchedPartition {
  readonly partition: number
  readonly log: LogPartition
  /** What was read ends before it. */
  next: bigint
}

class LogWatch implements TopicWatch {
  readonly #cluster: Cluster
  readonly #topic: string
  readonly #partitions: readonly WatchedPartition[]

  constructor(cluster: Cluster, topic: string, partitions: readonly WatchedPartition[]) {
    this.#cluster = cluster
    this.#topic = topic
    this.#partitions = partitions
  }

  async find(id: string, signal: AbortSignal): Promise<FoundMessage> {
    let cause: unknown
    while (!signal.aborted) {
      try {
        const found = await this.#look(id)
        if (found) return found
      } catch (error) {
        // A leader that has moved is asked for anew. What is read again does no harm.
        cause = error
        await this.#cluster.refreshMetadata().catch(() => undefined)
      }
      await delay(lookPauseMs, undefined, { signal }).catch(() => undefined)
    }
    throw late(this.#topic, cause)
  }

  async close(): Promise<void> {
    await this.#cluster.disconnect().catch(() => undefined)
  }

  async #look(id: string): Promise<FoundMessage | undefined> {
    for (const watched of this.#partitions) {
      const end = await watched.log.stableEnd()
      for await (const { isControlRecord, headers, offset } of watched.log.records(watched.next, end))
        if (!isControlRecord && String(headers[messageIdHeader]) === id)
          return { partition: watched.partition, offset: BigInt(offset) }
      watched.next = end
    }
    return undefined
  }
}

function topicMissing(topic: string, cause: unknown): PigeonholeError<'TOPIC_MISSING'> {
  return new PigeonholeError('TOPIC_MISSING', {
    message: `The cluster does not know topic ${topic}: create it first`,
    details: { topic },
    cause,
    retryable: true,
  })
}

function late(topic: string, cause: unknown): PigeonholeError<'DEADLINE_EXCEEDED'> {
  return new PigeonholeError('DEADLINE_EXCEEDED', {
    message: `The message has not come to topic ${topic} in time`,
    details: { operation: 'watching a topic' },
    ...(cause === undefined ? {} : { cause }),
    retryable: true,
  })
}
