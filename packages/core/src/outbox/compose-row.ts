import { v7 as uuidv7 } from 'uuid'
import { PigeonholeError } from '../errors/pigeonhole-error.js'
import { bucketOf } from '../message/bucket.js'
import {
  headerBytes,
  type HeadersInput,
  isReservedHeader,
  type StoredHeader,
  storeHeader,
  traceparentHeader,
} from '../message/headers.js'
import { assertTopicName, type KeyInput } from '../message/topic.js'
import type { OutboxRow } from '../ports/outbox-store.js'
import type { ResolvedOutboxOptions } from './outbox-options.js'

/** A message in bytes, before it becomes a row. */
export interface RawMessage {
  readonly topic: string
  /** Default: no key. */
  readonly key?: KeyInput
  /** `null` is a tombstone. A string is sent as UTF-8. */
  readonly value: Uint8Array | string | null
  /** Default: none. */
  readonly headers?: HeadersInput
  /** Default: the partition follows from the key. */
  readonly partition?: number
}

/**
 * The row of a message.
 * @throws TOPIC_NAME_INVALID, HEADER_INVALID, OPTION_INVALID, MESSAGE_TOO_LARGE
 */
export function composeRow(message: RawMessage, options: Pick<ResolvedOutboxOptions<never>, 'maxMessageBytes' | 'traceparent'>): OutboxRow {
  const { topic, partition = null } = message
  assertTopicName(topic)
  assertPartition(partition)
  const id = uuidv7()
  const key = keyBytes(message.key)
  const payload = typeof message.value === 'string' ? Buffer.from(message.value, 'utf8') : message.value
  const headers = storeHeaders(topic, message.headers ?? [], options.traceparent())
  const row = { id, topic, key, partition, bucket: bucketOf(topic, key, id), headers, payload }
  assertSize(row, options.maxMessageBytes)
  return row
}

function keyBytes(key: KeyInput): Uint8Array | null {
  if (key === null || key === undefined) return null
  return typeof key === 'string' ? Buffer.from(key, 'utf8') : key
}

function storeHeaders(topic: string, input: HeadersInput, traceparent: string | undefined): StoredHeader[] {
  const pairs = Array.isArray(input) ? (input as readonly (readonly [string, unknown])[]) : Object.entries(input)
  const stored = pairs.map(([name, value]) => {
    assertHeader(topic, name, value)
    return storeHeader(name, value)
  })
  if (traceparent !== undefined) stored.push(storeHeader(traceparentHeader, traceparent))
  return stored
}

function assertHeader(topic: string, name: unknown, value: unknown): asserts value is string | Uint8Array {
  const refuse = (rule: string): never => {
    throw new PigeonholeError('HEADER_INVALID', {
      message: `Header ${JSON.stringify(name)} of a message for topic ${topic} ${rule}`,
      details: { topic, header: String(name) },
    })
  }
  if (typeof name !== 'string' || name === '' || name.includes('\u0000')) refuse('needs a name that is a non-empty string')
  if (isReservedHeader(name as string)) refuse('is one that Pigeonhole writes itself: choose another name')
  if (typeof value !== 'string' && !(value instanceof Uint8Array)) refuse(`must be a string or bytes, not ${typeof value}`)
}

function assertPartition(partition: number | null): void {
  if (partition === null || (Number.isSafeInteger(partition) && partition >= 0 && partition < 2 ** 31)) return
  throw new PigeonholeError('OPTION_INVALID', {
    message: `Option partition is ${partition}: it takes a whole number from 0`,
    details: { option: 'partition' },
  })
}

function assertSize(row: OutboxRow, maxBytes: number): void {
  const headers = row.headers.reduce((sum, header) => sum + Buffer.byteLength(header[0]) + headerBytes(header).length, 0)
  const bytes = (row.key?.length ?? 0) + (row.payload?.length ?? 0) + headers
  if (bytes <= maxBytes) return
  throw new PigeonholeError('MESSAGE_TOO_LARGE', {
    message:
      `A message for topic ${row.topic} has ${bytes} bytes and maxMessageBytes is ${maxBytes}: ` +
      'send a reference to the data, or raise both this option and the broker\'s message.max.bytes',
    details: { topic: row.topic, bytes, maxBytes },
  })
}
