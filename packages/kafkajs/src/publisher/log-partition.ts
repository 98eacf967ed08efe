import { PigeonholeError } from '@pigeonhole/core'
import type { Broker, Cluster } from 'kafkajs'
import type { FetchedRecord, FetchResponse } from '../read-committed/fetch-response.js'
import { refusalOf } from './broker-errors.js'
import type { Deadline } from './deadline.js'
import { endOf } from './record-end.js'

const readCommitted = 1
const fetchBytes = 1024 * 1024
const fetchWaitMs = 50
const lookPauseMs = 50

/** A record with what a reading of the log looks at besides its place. */
export interface LogRecordHead extends FetchedRecord {
  readonly timestamp: string
  readonly headers: Readonly<Record<string, Buffer | Buffer[] | undefined>>
}

/** One partition of a topic, read past the client's own consumers: without a group and its offsets. */
export class LogPartition {
  readonly #cluster: Cluster
  readonly #topic: string
  readonly #partition: number

  constructor(cluster: Cluster, topic: string, partition: number) {
    this.#cluster = cluster
    this.#topic = topic
    this.#partition = partition
  }

  /** The offset of the first record that the log still has. */
  firstOffset(): Promise<bigint> {
    return this.#offset({ fromBeginning: true })
  }

  /** The end of what a `read_committed` reader sees now. */
  stableEnd(): Promise<bigint> {
    return this.#offset({ fromBeginning: false })
  }

  /** The end of the log now, whether what is before it is committed or not. */
  async end(): Promise<bigint> {
    return (await this.#fetch(await this.stableEnd())).end
  }

  /** The offset of the first record that is not older than a time, in milliseconds; undefined when there is none. */
  async offsetSince(timestamp: number): Promise<bigint | undefined> {
    const offset = await this.#offset({ fromTimestamp: Math.max(0, Math.floor(timestamp)) })
    return offset < 0n ? undefined : offset
  }

  /**
   * The end of the log at the time of the call, once all transactions below it have ended: committed records behind an open
   * one are hidden, and would be taken for absent.
   * @throws DEADLINE_EXCEEDED
   */
  async settledEnd(deadline: Deadline): Promise<bigint> {
    let end: bigint | undefined
    for (;;) {
      const stable = await this.stableEnd()
      end ??= (await this.#fetch(stable)).end
      if (stable >= end) return end
      if (deadline.passed) throw this.#unsettled()
      await deadline.pause(lookPauseMs)
    }
  }

  /** The committed records and, marked as such, all others, from `start` up to `end`. */
  async *records(start: bigint, end: bigint): AsyncGenerator<LogRecordHead> {
    for (let next = start; next < end; ) {
      const from = next
      for (const record of (await this.#fetch(from)).records) {
        next = endOf(record, next)
        const offset = BigInt(record.offset)
        if (offset >= from && offset < end) yield record
      }
    }
  }

  /**
   * How many committed messages lie from `start` up to `end`; undefined where they are more than one answer of the broker holds, or
   * who asks may not read them.
   */
  async countMessages(start: bigint, end: bigint): Promise<bigint | undefined> {
    let messages = 0n
    let next = start
    for (const record of (await this.#fetch(start).catch(nothingWhereRefused)).records) {
      next = endOf(record, next)
      const offset = BigInt(record.offset)
      if (offset >= start && offset < end && !record.isControlRecord) messages += 1n
    }
    return next < end ? undefined : messages
  }

  async #offset(where: { fromBeginning: boolean } | { fromTimestamp: number }): Promise<bigint> {
    const request = { topic: this.#topic, partitions: [{ partition: this.#partition }], ...where }
    const [found] = await this.#cluster.fetchTopicsOffset([request as never])
    const offset = found?.partitions[0]?.offset
    if (offset === undefined) throw new Error(`partition ${this.#partition} of ${this.#topic} is not known`)
    return BigInt(offset)
  }

  async #fetch(
    offset: bigint,
  ): Promise<{ readonly records: readonly LogRecordHead[]; readonly end: bigint }> {
    const broker = await this.#leader()
    const partitions = [{ partition: this.#partition, fetchOffset: String(offset), maxBytes: fetchBytes }]
    const topics = [{ topic: this.#topic, partitions }]
    const request = { isolationLevel: readCommitted, maxWaitTime: fetchWaitMs, topics }
    const { responses } = (await broker.fetch(request)) as FetchResponse
    const fetched = responses[0]?.partitions[0] as FetchedLog | undefined
    return { records: fetched?.messages ?? [], end: BigInt(fetched?.highWatermark ?? offset) }
  }

  async #leader(): Promise<Broker> {
    const [nodeId] = Object.keys(this.#cluster.findLeaderForPartitions(this.#topic, [this.#partition]))
    if (nodeId === undefined) throw new Error(`partition ${this.#partition} of ${this.#topic} is not known`)
    return await this.#cluster.findBroker({ nodeId })
  }

  #unsettled(): PigeonholeError<'DEADLINE_EXCEEDED'> {
    return new PigeonholeError('DEADLINE_EXCEEDED', {
      message:
        `A transaction of another producer is open in partition ${this.#partition} of topic ${this.#topic}, and hides what ` +
        'lies behind it. It ends by its own timeout at the latest: run pigeonhole adopt again then',
      details: { operation: 'reading the log' },
      retryable: true,
    })
  }
}

function nothingWhereRefused(error: unknown): { readonly records: readonly LogRecordHead[] } {
  if (refusalOf(error)) return { records: [] }
  throw error
}

interface FetchedLog {
  readonly messages: readonly LogRecordHead[]
  readonly highWatermark: string
}
