import { isPigeonholeError, type LoggableMessage, type LogVerdict, messageIdHeader } from '@pigeonhole/core'
import type { Cluster, Kafka } from 'kafkajs'
import { clusterOf } from '../kafkajs-copy.js'
import { brokerError } from './broker-errors.js'
import { Deadline } from './deadline.js'
import { LogPartition } from './log-partition.js'
import type { PartitionMap } from './partition-map.js'
import { partitionOfKey } from './partitioner.js'

/** What {@link locateMessages} works with. */
export interface LocateParts {
  readonly kafka: Kafka
  readonly partitions: PartitionMap
  /** The `cleanup.policy` of a topic; undefined where the ACLs do not let us look. */
  cleanupPolicyOf(topic: string): Promise<string | undefined>
  readonly timeoutMs: number
}

// How far the clocks of database and relays may lie apart: a record's time is its relay's.
const skewMs = 60 * 60 * 1000
const retryPauseMs = 100

/**
 * What the log says of each message. One that is in no partition is absent only where the log proves it: its partition has
 * never lost a record from its beginning, or it begins with a record that is an hour older than the message; and its topic
 * is not compacted.
 */
export async function locateMessages(
  parts: LocateParts,
  messages: readonly LoggableMessage[],
): Promise<ReadonlyMap<string, LogVerdict>> {
  const verdicts = new Map<string, LogVerdict>()
  for (const [topic, asked] of byTopic(messages)) {
    try {
      await new TopicSearch(parts, topic, asked).into(verdicts)
    } catch (error) {
      // Of a topic that is not there, nothing can be said.
      if (!isPigeonholeError(error, 'TOPIC_MISSING'))
        throw brokerError(error, { doing: 'reading the log', topic })
    }
  }
  return verdicts
}

class TopicSearch {
  readonly #parts: LocateParts
  readonly #topic: string
  readonly #asked: ReadonlyMap<string, LoggableMessage>
  readonly #since: number

  constructor(parts: LocateParts, topic: string, asked: readonly LoggableMessage[]) {
    this.#parts = parts
    this.#topic = topic
    this.#asked = new Map(asked.map((message) => [message.id, message]))
    this.#since = asked.reduce((oldest, { createdAt }) => Math.min(oldest, createdAt), Infinity) - skewMs
  }

  async into(verdicts: Map<string, LogVerdict>): Promise<void> {
    const { partitions, cleanupPolicyOf } = this.#parts
    partitions.forget([this.#topic])
    const count = (await partitions.count([this.#topic])).get(this.#topic) ?? 0
    const policy = await cleanupPolicyOf(this.#topic)
    const begins: number[] = []
    for (let partition = 0; partition < count; partition++)
      begins.push(await this.#search(partition, (id) => verdicts.set(id, 'logged')))
    if (policy === undefined || policy.includes('compact')) return
    for (const message of this.#asked.values()) {
      if (verdicts.has(message.id)) continue
      const begin = begins[placeOf(message, count)] ?? Infinity
      if (begin <= message.createdAt - skewMs) verdicts.set(message.id, 'absent')
    }
  }

  // Resolves to the time from which on the partition has every record. What is read again after an error does no harm.
  async #search(partition: number, found: (id: string) => void): Promise<number> {
    const deadline = new Deadline(this.#parts.timeoutMs)
    for (;;) {
      const cluster = clusterOf(this.#parts.kafka)
      try {
        await cluster.connect()
        await cluster.addTargetTopic(this.#topic)
        return await this.#searchBy(cluster, partition, found)
      } catch (error) {
        if (isPigeonholeError(error) || deadline.passed) throw error
      } finally {
        await cluster.disconnect().catch(() => undefined)
      }
      await deadline.pause(retryPauseMs)
    }
  }

  async #searchBy(cluster: Cluster, partition: number, found: (id: string) => void): Promise<number> {
    const log = new LogPartition(cluster, this.#topic, partition)
    const end = await log.settledEnd(new Deadline(this.#parts.timeoutMs))
    const start = await log.offsetSince(this.#since)
    if (start !== undefined) {
      for await (const { isControlRecord, headers } of log.records(start, end)) {
        const id = String(headers[messageIdHeader])
        if (!isControlRecord && this.#asked.has(id)) found(id)
      }
    }
    return await beginOf(log, end)
  }
}

async function beginOf(log: LogPartition, end: bigint): Promise<number> {
  const first = await log.firstOffset()
  if (first === 0n) return Number.NEGATIVE_INFINITY
  for await (const { timestamp } of log.records(first, end)) return Number(timestamp)
  return Number.POSITIVE_INFINITY
}

function placeOf({ id, key, partition }: LoggableMessage, count: number): number {
  return partition ?? partitionOfKey(key ?? Buffer.from(id), count)
}

function byTopic(messages: readonly LoggableMessage[]): Map<string, LoggableMessage[]> {
  const topics = new Map<string, LoggableMessage[]>()
  for (const message of messages) {
    const asked = topics.get(message.topic)
    if (asked) asked.push(message)
    else topics.set(message.topic, [message])
  }
  return topics
}
