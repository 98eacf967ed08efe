export { isPigeonholeError, PigeonholeError, type PigeonholeErrorInit } from './errors/pigeonhole-error.js'
export type { ErrorCode, ErrorDetails, IdentityPart } from './errors/error-codes.js'
export { bucketCount, bucketOf } from './message/bucket.js'
export { bytesCodec, type Codec, jsonCodec, textCodec } from './message/codec.js'
export {
  headerBytes,
  type HeadersInput,
  type HeaderValue,
  messageIdHeader,
  type StoredHeader,
  storeHeader,
  traceparentHeader,
} from './message/headers.js'
export { murmur2 } from './message/murmur2.js'
export { type KeyInput, topic, type Topic, type TopicOptions } from './message/topic.js'
export { type Clock, systemClock } from './ports/clock.js'
export type { InboxStore, NextPosition, Position, TransactionBounds } from './ports/inbox-store.js'
export type { OutboxRow, OutboxStore } from './ports/outbox-store.js'
export type { Checkpoint, RelayPublisher, ShardProducer } from './ports/relay-publisher.js'
export {
  type CapturedRow,
  type Cursor,
  type Guard,
  type GuardedTransaction,
  type Lease,
  originCursor,
  type OutboxStatus,
  type Page,
  type PageBounds,
  type RelayBatch,
  type RelayIdentity,
  type RelayStore,
  type ShardFacts,
  type ShardStatus,
} from './ports/relay-store.js'
