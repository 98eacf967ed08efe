import { type Checkpoint, isPigeonholeError, PigeonholeError } from '@pigeonhole/core'
import type { Broker, Cluster, Kafka } from 'kafkajs'
import { clusterOf } from '../kafkajs-copy.js'
import type { FetchedPartition, FetchedRecord, FetchResponse } from '../read-committed/fetch-response.js'
import { isAccessRefusal, refusalOf } from './broker-errors.js'
import { checkpointKey, parseCheckpoint, parseSession, sessionKey } from './checkpoint-record.js'
import type { Deadline } from './deadline.js'
import { endOf } from './record-end.js'

/** A committed session record: where to read up to. */
export interface SessionMark {
  readonly topic: string
  readonly shard: number
  readonly session: string
  readonly offset: bigint
}

// About as many offsets as 250 batches take, each a record and a commit marker. There is a checkpoint among them unless
// the shard was opened again and again without sending anything.
const nearOffsets = 512n
const readCommitted = 1
const fetchBytes = 1024 * 1024
const fetchWaitMs = 100
const retryPauseMs = 50

/**
 * The last checkpoint before a session record, of committed records only. The broker hides what lies behind its last
 * stable offset, so that reaching the session record proves that every transaction before it is settled.
 *
 * It fetches without joining a consumer group: one partition read once needs no assignment, and joining takes three
 * seconds on a broker with default settings.
 * @throws CHECKPOINT_UNREADABLE at the deadline, or when the session record is not where it was written. Refusals of access pass.
 */
export async function readCheckpointBefore(
  kafka: Kafka,
  mark: SessionMark,
  deadline: Deadline,
): Promise<Checkpoint | undefined> {
  let cause: unknown
  for (; !deadline.passed; await deadline.pause(retryPauseMs)) {
    try {
      return await new TailReading(clusterOf(kafka), mark, deadline).read()
    } catch (error) {
      const refusal = refusalOf(error)
      // No wait makes that any better, and at the deadline nobody would be told which ACL it is.
      if (isPigeonholeError(error) || (refusal && isAccessRefusal(refusal))) throw error
      cause = error
    }
  }
  throw lateCheckpoint(mark, cause)
}

/** The error for a reading that ran into its deadline. */
export function lateCheckpoint(mark: SessionMark, cause?: unknown): PigeonholeError<'CHECKPOINT_UNREADABLE'> {
  return unreadable(mark, 'it was not read within its deadline (openTimeoutMs)', cause)
}

class TailReading {
  readonly #cluster: Cluster
  readonly #mark: SessionMark
  readonly #deadline: Deadline

  constructor(cluster: Cluster, mark: SessionMark, deadline: Deadline) {
    this.#cluster = cluster
    this.#mark = mark
    this.#deadline = deadline
  }

  async read(): Promise<Checkpoint | undefined> {
    try {
      await this.#cluster.connect()
      await this.#cluster.addTargetTopic(this.#mark.topic)
      const first = await this.#firstOffset()
      const near = this.#mark.offset - nearOffsets
      if (near <= first) return await this.#lastCheckpointFrom(first)
      return (await this.#lastCheckpointFrom(near)) ?? (await this.#lastCheckpointFrom(first))
    } finally {
      await this.#cluster.disconnect().catch(() => undefined)
    }
  }

  async #firstOffset(): Promise<bigint> {
    const { topic, shard } = this.#mark
    const request = [{ topic, partitions: [{ partition: shard }], fromBeginning: true }]
    const [offsets] = await this.#cluster.fetchTopicsOffset(request)
    return BigInt(offsets?.partitions[0]?.offset ?? 0)
  }

  async #lastCheckpointFrom(start: bigint): Promise<Checkpoint | undefined> {
    let last: FetchedRecord | undefined
    for (let next = start; !this.#deadline.passed; ) {
      const from = next
      for (const record of await this.#fetch(from)) {
        const offset = BigInt(record.offset)
        if (offset >= this.#mark.offset) {
          this.#assertSession(record)
          return last && this.#parse(() => parseCheckpoint(last?.value ?? null))
        }
        if (offset >= from && !record.isControlRecord && String(record.key) === checkpointKey) last = record
        next = endOf(record, next)
      }
    }
    throw new Error('the end of the partition was not reached')
  }

  async #fetch(offset: bigint): Promise<readonly FetchedRecord[]> {
    const { topic, shard } = this.#mark
    const broker = await this.#leader()
    const partitions = [{ partition: shard, fetchOffset: String(offset), maxBytes: fetchBytes }]
    const request = {
      isolationLevel: readCommitted,
      maxWaitTime: fetchWaitMs,
      topics: [{ topic, partitions }],
    }
    const { responses } = (await broker.fetch(request)) as FetchResponse
    const fetched: FetchedPartition | undefined = responses[0]?.partitions[0]
    return fetched?.messages ?? []
  }

  async #leader(): Promise<Broker> {
    const { topic, shard } = this.#mark
    const [nodeId] = Object.keys(this.#cluster.findLeaderForPartitions(topic, [shard]))
    if (nodeId === undefined) throw new Error(`partition ${shard} of ${topic} is not known`)
    return await this.#cluster.findBroker({ nodeId })
  }

  #assertSession(record: FetchedRecord): void {
    const { offset, session } = this.#mark
    const isSession =
      BigInt(record.offset) === offset && !record.isControlRecord && String(record.key) === sessionKey
    if (isSession && this.#parse(() => parseSession(record.value)) === session) return
    throw unreadable(this.#mark, `offset ${offset} no longer holds what was written there`)
  }

  #parse<T>(parse: () => T): T {
    try {
      return parse()
    } catch (error) {
      throw unreadable(this.#mark, 'a record is not one that this version wrote', error)
    }
  }
}

function unreadable(
  { topic, shard }: SessionMark,
  why: string,
  cause?: unknown,
): PigeonholeError<'CHECKPOINT_UNREADABLE'> {
  return new PigeonholeError('CHECKPOINT_UNREADABLE', {
    message: `The checkpoint of shard ${shard} cannot be read from topic ${topic}: ${why}`,
    details: { shard },
    ...(cause === undefined ? {} : { cause }),
    retryable: true,
  })
}
