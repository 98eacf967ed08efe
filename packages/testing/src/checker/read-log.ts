import { randomUUID } from 'node:crypto'
import { isPigeonholeError, messageIdHeader, PigeonholeError } from '@pigeonhole/core'
import { correctReadCommitted } from '@pigeonhole/kafkajs'
import { type Admin, type Consumer, type EachBatchPayload, Kafka, type KafkaMessage, logLevel } from 'kafkajs'
import { compareOrder } from './disorder.js'
import { findEnds, type LogEnds, placeOf } from './log-ends.js'
import type { LoggedMessage } from './messages.js'

/** Options of {@link readLog}. */
export interface ReadLogOptions {
  /** Bootstrap addresses, `host:port`. */
  readonly brokers: readonly string[]
  readonly topics: readonly string[]
  /** Longest time for all of it, in milliseconds. @default 30000 */
  readonly timeoutMs?: number
  /** Longest wait for transactions that were written before the call and are not settled yet, in milliseconds. @default 5000 */
  readonly settleMs?: number
}

/** A record as a `read_committed` consumer finds it. */
export interface LogRecord {
  readonly topic: string
  readonly partition: number
  readonly offset: bigint
  readonly key: Uint8Array | null
  /** `null` is a tombstone. */
  readonly value: Uint8Array | null
  readonly headers: readonly (readonly [name: string, value: string])[]
}

// Three seconds altogether.
const retry = { initialRetryTime: 20, maxRetryTime: 1_000, retries: 8 }

/**
 * Reads every committed record of `topics`, from the start of the log to its end as a `read_committed` consumer sees it
 * now, in the order of topic, partition and offset. A transaction whose commit was acknowledged before the call is in it, and
 * so is everything before a transaction that is still open after `settleMs`. Leaves no
 * consumer group behind. Not for topics whose last records may be compacted away.
 * @throws TOPIC_MISSING; BROKER_UNAVAILABLE; DEADLINE_EXCEEDED.
 */
export async function readLog(options: ReadLogOptions): Promise<LogRecord[]> {
  const { brokers, topics, timeoutMs = 30_000, settleMs = 5_000 } = options
  correctReadCommitted()
  const quiet = { logLevel: logLevel.NOTHING, retry }
  const kafka = new Kafka({ clientId: 'pigeonhole.checker', brokers: [...brokers], ...quiet })
  const admin = kafka.admin()
  try {
    await admin.connect()
    const ends = await findEnds({ kafka, admin, topics, settleMs })
    return ends.size === 0 ? [] : await readUntil({ kafka, admin, topics, ends, timeoutMs })
  } catch (cause) {
    if (isPigeonholeError(cause)) throw cause
    throw new PigeonholeError('BROKER_UNAVAILABLE', {
      message: `The log of ${topics.join(', ')} cannot be read from ${brokers.join(', ')}: ${String(cause)}`,
      details: {},
      cause,
      retryable: true,
    })
  } finally {
    await admin.disconnect()
  }
}

/** The record as {@link checkExactlyOnce} takes it. `idOf` finds its id; default: the header `message-id`. */
export function loggedMessage(
  record: LogRecord,
  idOf: (record: LogRecord) => string = messageIdOf,
): LoggedMessage {
  const { topic, partition, offset, key } = record
  return {
    id: idOf(record),
    topic,
    partition,
    offset,
    key: key === null ? null : Buffer.from(key).toString('utf8'),
  }
}

// A record without an id was never published by an outbox: it counts as invented under the name of its place.
function messageIdOf({ headers, partition, offset }: LogRecord): string {
  return headers.find(([name]) => name === messageIdHeader)?.[1] ?? `without id, ${partition}/${offset}`
}

interface Reading {
  readonly kafka: Kafka
  readonly admin: Admin
  readonly topics: readonly string[]
  readonly ends: LogEnds
  readonly timeoutMs: number
}

async function readUntil({ kafka, admin, topics, ends, timeoutMs }: Reading): Promise<LogRecord[]> {
  const groupId = `pigeonhole.checker.${randomUUID()}`
  const consumer = kafka.consumer({ groupId, readUncommitted: false, maxWaitTimeInMs: 50 })
  const records: LogRecord[] = []
  try {
    await consumer.connect()
    await consumer.subscribe({ topics: [...topics], fromBeginning: true })
    const reached = reachEnds(consumer, ends, timeoutMs)
    reached.catch(() => undefined) // It is awaited below, once the consumer runs.
    const keep = async (payload: EachBatchPayload): Promise<void> =>
      void records.push(...recordsOf(payload, ends))
    await consumer.run({ autoCommit: false, eachBatch: keep })
    await reached
  } finally {
    await consumer.disconnect()
    await admin.deleteGroups([groupId]).catch(() => undefined)
  }
  return records.sort(compareRecords)
}

// A batch of which everything is filtered out (markers, aborted records) never reaches `eachBatch`, but its end is told.
function reachEnds(consumer: Consumer, ends: LogEnds, timeoutMs: number): Promise<void> {
  const unread = new Map(ends)
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(deadlineExceeded([...unread.keys()], timeoutMs)), timeoutMs)
    const settle = (act: () => void): void => {
      clearTimeout(timer)
      act()
    }
    consumer.on(consumer.events.END_BATCH_PROCESS, ({ payload: { topic, partition, lastOffset } }) => {
      const end = unread.get(placeOf(topic, partition))
      if (end !== undefined && BigInt(lastOffset) + 1n >= end) unread.delete(placeOf(topic, partition))
      if (unread.size === 0) settle(resolve)
    })
    // kafkajs starts again by itself after, say, a coordinator that was still loading.
    consumer.on(
      consumer.events.CRASH,
      ({ payload: { error, restart } }) => restart || settle(() => reject(error)),
    )
  })
}

function recordsOf({ batch }: EachBatchPayload, ends: LogEnds): LogRecord[] {
  const { topic, partition } = batch
  const end = ends.get(placeOf(topic, partition)) ?? 0n
  return batch.messages
    .filter(({ offset }) => BigInt(offset) < end)
    .map(({ offset, key, value, headers }) => {
      return { topic, partition, offset: BigInt(offset), key, value, headers: headerPairs(headers) }
    })
}

function headerPairs(headers: KafkaMessage['headers'] = {}): [string, string][] {
  return Object.entries(headers).flatMap(([name, value]) =>
    [value ?? []].flat().map((one): [string, string] => [name, Buffer.from(one).toString('utf8')]),
  )
}

function compareRecords(a: LogRecord, b: LogRecord): number {
  return a.topic < b.topic
    ? -1
    : a.topic > b.topic
      ? 1
      : a.partition - b.partition || compareOrder(a.offset, b.offset)
}

function deadlineExceeded(unread: readonly string[], timeoutMs: number): PigeonholeError {
  return new PigeonholeError('DEADLINE_EXCEEDED', {
    message:
      `The log was not read to its end within ${timeoutMs} ms; what is missing is of ${unread.join(', ')}. ` +
      'Check that every broker is up, or give it more time',
    details: { operation: 'readLog' },
    retryable: true,
  })
}
