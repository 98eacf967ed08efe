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
 * never lost a record from its beginning, or it begins with a record that is an hour older than the message; and where its
 * topic is compacted, which keeps the last record of each key, the log has no record of its key since.
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

interface Newest {
  readonly id: string
  readonly timestamp: number
}

class TopicSearch {
  readonly #parts: LocateParts
  readonly #topic: string
  readonly #asked: readonly LoggableMessage[]
  /** Places in the order of publishing, by id. */
  readonly #places: ReadonlyMap<string, number>
  readonly #keys: ReadonlySet<string>
  readonly #since: number
  /** The last records of the keys that were asked for. */
  readonly #newest = new Map<string, Newest>()

  constructor(parts: LocateParts, topic: string, asked: readonly LoggableMessage[]) {
    this.#parts = parts
    this.#topic = topic
    this.#asked = asked
    this.#places = new Map(asked.map(({ id }, place) => [id, place]))
    this.#keys = new Set(asked.map(({ key }) => nameOf(key)))
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
    if (policy === undefined) return
    const isCompacted = policy.includes('compact')
    for (const message of this.#asked) {
      if (verdicts.has(message.id)) continue
      const begin = begins[placeOf(message, count)] ?? Infinity
      const isComplete = begin <= message.createdAt - skewMs
      const verdict = isCompacted ? this.#inCompacted(message, isComplete) : isComplete && 'absent'
      if (verdict) verdicts.set(message.id, verdict)
    }
  }

  // Compaction keeps the last record of a key, but for one without a payload: where the last one is from before the message,
  // the message would have taken its place. Messages of one key are sent in the order of publishing.
  #inCompacted(message: LoggableMessage, isComplete: boolean): LogVerdict | undefined {
    const newest = this.#newest.get(nameOf(message.key))
    const place = this.#places.get(newest?.id ?? '')
    const own = this.#places.get(message.id) ?? 0
    if (place !== undefined && place > own) return 'superseded'
    const isFromBefore =
      newest === undefined || place !== undefined || newest.timestamp < message.createdAt - skewMs
    if (!isFromBefore || message.isTombstone) return 'hidden'
    return isComplete ? 'absent' : undefined
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

  // A record that was read again after an error is the same one. Of several partitions, the one that is later by its clock.
  #noteNewest(key: string, record: Newest): void {
    if (!this.#keys.has(key)) return
    const known = this.#newest.get(key)
    if (!known || record.timestamp >= known.timestamp) this.#newest.set(key, record)
  }

  async #searchBy(cluster: Cluster, partition: number, found: (id: string) => void): Promise<number> {
    const log = new LogPartition(cluster, this.#topic, partition)
    const end = await log.settledEnd(new Deadline(this.#parts.timeoutMs))
    const start = await log.offsetSince(this.#since)
    if (start !== undefined) {
      for await (const { isControlRecord, headers, key, timestamp } of log.records(start, end)) {
        if (isControlRecord) continue
        const id = String(headers[messageIdHeader])
        if (this.#places.has(id)) found(id)
        this.#noteNewest(nameOf(key), { id, timestamp: Number(timestamp) })
      }
    }
    return await beginOf(log, end)
  }
}

function nameOf(key: Uint8Array | null): string {
  return Buffer.from(key ?? []).toString('latin1')
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
