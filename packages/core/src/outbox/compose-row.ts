import { v7 as uuidv7 } from 'uuid'
import { PigeonholeError } from '../errors/pigeonhole-error.js'
import { bucketOf } from '../message/bucket.js'
import {
  type HeadersInput,
  headerBytes,
  isReservedHeader,
  type StoredHeader,
  storeHeader,
} from '../message/headers.js'
import { assertPublishableTopic, type KeyInput } from '../message/topic.js'
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
 * The row of a message, whose trace it does not carry yet.
 * @throws TOPIC_NAME_INVALID, HEADER_INVALID, OPTION_INVALID, VALUE_NOT_SERIALISABLE, MESSAGE_TOO_LARGE
 */
export function composeRow(
  message: RawMessage,
  options: Pick<ResolvedOutboxOptions<never>, 'maxMessageBytes'>,
): OutboxRow {
  const { topic, partition = null } = message
  assertPublishableTopic(topic)
  assertPartition(partition)
  const id = uuidv7()
  const key = keyBytes(message.key)
  const payload = payloadBytes(topic, message.value)
  const headers = storeHeaders(topic, message.headers ?? [])
  const row = { id, topic, key, partition, bucket: bucketOf(topic, key, id), headers, payload }
  assertSize(row, options.maxMessageBytes)
  return row
}

function keyBytes(key: KeyInput): Uint8Array | null {
  if (key === null || key === undefined) return null
  if (typeof key === 'string') return utf8(key, unpairedKey)
  if (key instanceof Uint8Array) return key
  throw new PigeonholeError('OPTION_INVALID', {
    message: `Option key is a ${typeof key}: it takes a string, bytes, or null for a message without a key`,
    details: { option: 'key' },
  })
}

// A value that is forgotten must not become a tombstone.
function payloadBytes(topic: string, value: RawMessage['value']): Uint8Array | null {
  if (typeof value === 'string') return utf8(value, () => unpairedValue(topic))
  if (value === null || value instanceof Uint8Array) return value
  throw new PigeonholeError('VALUE_NOT_SERIALISABLE', {
    message: `A raw value for topic ${topic} is a ${typeof value}: it takes bytes, a string, or null for a tombstone`,
    details: { topic },
  })
}

// Buffer.from would put U+FFFD in the place of a lone surrogate: different keys would become one.
function utf8(text: string, refusal: () => PigeonholeError): Buffer {
  if (!text.isWellFormed()) throw refusal()
  return Buffer.from(text, 'utf8')
}

function unpairedKey(): PigeonholeError<'OPTION_INVALID'> {
  return new PigeonholeError('OPTION_INVALID', {
    message: 'Option key has a lone surrogate, which has no UTF-8 form: give its bytes instead',
    details: { option: 'key' },
  })
}

function unpairedValue(topic: string): PigeonholeError<'VALUE_NOT_SERIALISABLE'> {
  return new PigeonholeError('VALUE_NOT_SERIALISABLE', {
    message: `A raw value for topic ${topic} has a lone surrogate, which has no UTF-8 form: give its bytes instead`,
    details: { topic },
  })
}

function storeHeaders(topic: string, input: HeadersInput): StoredHeader[] {
  const pairs = Array.isArray(input)
    ? (input as readonly (readonly [string, unknown])[])
    : Object.entries(input)
  return pairs.map(([name, value]) => {
    assertHeader(topic, name, value)
    return storeHeader(name, value)
  })
}

function assertHeader(topic: string, name: unknown, value: unknown): asserts value is string | Uint8Array {
  const refuse = (rule: string): never => {
    throw new PigeonholeError('HEADER_INVALID', {
      message: `Header ${JSON.stringify(name)} of a message for topic ${topic} ${rule}`,
      details: { topic, header: String(name) },
    })
  }
  const named = typeof name === 'string' && name !== '' && !name.includes('\u0000') && name.isWellFormed()
  if (!named) refuse('needs a name that is a non-empty string with a UTF-8 form and without U+0000')
  if (isReservedHeader(name as string)) refuse('is one that Pigeonhole writes itself: choose another name')
  if (typeof value !== 'string' && !(value instanceof Uint8Array))
    refuse(`must be a string or bytes, not ${typeof value}`)
  if (typeof value === 'string' && !value.isWellFormed())
    refuse('has a lone surrogate, which has no UTF-8 form: give its bytes instead')
}

function assertPartition(partition: number | null): void {
  if (partition === null || (Number.isSafeInteger(partition) && partition >= 0 && partition < 2 ** 31)) return
  throw new PigeonholeError('OPTION_INVALID', {
    message: `Option partition is ${partition}: it takes a whole number from 0`,
    details: { option: 'partition' },
  })
}

/** @throws MESSAGE_TOO_LARGE */
export function assertSize(row: OutboxRow, maxBytes: number): void {
  const headers = row.headers.reduce(
    (sum, header) => sum + Buffer.byteLength(header[0]) + headerBytes(header).length,
    0,
  )
  const bytes = (row.key?.length ?? 0) + (row.payload?.length ?? 0) + headers
  if (bytes <= maxBytes) return
  throw new PigeonholeError('MESSAGE_TOO_LARGE', {
    message:
      `A message for topic ${row.topic} has ${bytes} bytes and maxMessageBytes is ${maxBytes}: ` +
      "send a reference to the data, or raise both this option and the broker's message.max.bytes",
    details: { topic: row.topic, bytes, maxBytes },
  })
}
