export type { ErrorCode, ErrorDetails, HandledThing, IdentityPart } from './errors/error-codes.js'
export { isPigeonholeError, PigeonholeError, type PigeonholeErrorInit } from './errors/pigeonhole-error.js'
export { Emitter, type EventSource, type Unsubscribe } from './events/emitter.js'
export { type AnswerCodec, jsonAnswers } from './idempotency/answer-codec.js'
export { canonicalJson } from './idempotency/canonical-json.js'
export { deriveKey, type KeyPurpose } from './idempotency/derive-key.js'
export type { FingerprintInput } from './idempotency/fingerprint.js'
export {
  createIdempotency,
  type Idempotency,
  type OperationOutcome,
  type OperationRequest,
} from './idempotency/idempotency.js'
export type { IdempotencyEvents, OperationPlace } from './idempotency/idempotency-events.js'
export type { IdempotencyOptions } from './idempotency/idempotency-options.js'
export type { AskedScope } from './idempotency/key-scope.js'
export { type Refusal, refuse } from './idempotency/refuse.js'
export type { OperationContext, OperationHandler } from './idempotency/run-operation.js'
export {
  type AnyBinding,
  type BatchBinding,
  type BatchContext,
  type BatchHandler,
  type Binding,
  type Handler,
  type HandlerContext,
  type Message,
  type OnBatchOptions,
  type OnOptions,
  on,
  onBatch,
  type TransactionContext,
} from './inbox/binding.js'
export type { Position } from './inbox/deduplication.js'
export { type Delivery, headerText } from './inbox/delivery.js'
export type { Outcome } from './inbox/handler-transaction.js'
export {
  createInbox,
  type ForgetOptions,
  type HandleOptions,
  type Inbox,
  type RetryOptions,
} from './inbox/inbox.js'
export type { InboxEvents, MessagePlace } from './inbox/inbox-events.js'
export type { Dedupe, InboxOptions } from './inbox/inbox-options.js'
export { isMessageFault } from './inbox/message-fault.js'
export {
  conventionalMessageId,
  type MessageId,
  type MessageIdResolver,
  resolveMessageId,
} from './inbox/message-id.js'
export { park } from './inbox/park.js'
export type { ParkOptions } from './inbox/park-message.js'
export type { HandlingTurns } from './inbox/parked-retry.js'
export type { Service, StopOptions } from './lifecycle/service.js'
export { bucketCount, bucketOf } from './message/bucket.js'
export { bytesCodec, type Codec, jsonCodec, textCodec } from './message/codec.js'
export {
  type HeadersInput,
  type HeaderValue,
  headerBytes,
  messageIdHeader,
  type StoredHeader,
  storeHeader,
  traceparentHeader,
  tracestateHeader,
} from './message/headers.js'
export { murmur2 } from './message/murmur2.js'
export { type KeyInput, relayTopicPrefix, type Topic, type TopicOptions, topic } from './message/topic.js'
export { createMonitor, type Monitor } from './monitor/monitor.js'
export type { MonitorEvents } from './monitor/monitor-events.js'
export type { MonitorOptions } from './monitor/monitor-options.js'
export { assertKnownOptions, assertName, assertWholeNumber } from './options/known-options.js'
export type { RawMessage } from './outbox/compose-row.js'
export { createOutbox, type Outbox, type OutboxEvents, type PublishOptions } from './outbox/outbox.js'
export type { OutboxOptions } from './outbox/outbox-options.js'
export type { Publish } from './outbox/publish-in.js'
export type {
  AdoptionTransaction,
  LoggableMessage,
  LogVerdict,
  ParkedOutMessage,
  UnsettledMessage,
  UnsettledRequest,
} from './ports/adoption.js'
export { type Clock, systemClock } from './ports/clock.js'
export type {
  Fingerprint,
  IdempotencyStore,
  KeyClaim,
  KeyScope,
  KeyTerms,
  StoredAnswer,
} from './ports/idempotency-store.js'
export type { ClaimCount, InboxClaims } from './ports/inbox-claims.js'
export type {
  DiscardedInboxParking,
  InboxParkedMessage,
  InboxParkedMessageContent,
  InboxParkedSelection,
  InboxParkingStore,
  RetriedInboxParking,
} from './ports/inbox-parked.js'
export type {
  ClaimTerms,
  DueMessage,
  InboxFailure,
  InboxParking,
  KillerClaim,
  ParkableMessage,
  ParkedPlace,
  ParkTerms,
} from './ports/inbox-parking.js'
export { mostStarts } from './ports/inbox-parking.js'
export type { InboxPosition, InboxPositionsStore, PositionRewind } from './ports/inbox-positions.js'
export type { ForgetTerms, InboxRetention } from './ports/inbox-retention.js'
export type {
  BlockedKey,
  BoundTopic,
  InboxStore,
  NextPosition,
  PositionRange,
  ReceivedMessage,
  ReceivedMessages,
  Verdict,
} from './ports/inbox-store.js'
export type {
  Measures,
  MonitorStore,
  ParkingMeasures,
  ShardMeasures,
  TableMeasures,
  XidHolder,
} from './ports/monitor-store.js'
export type { OutboxRow, OutboxStore } from './ports/outbox-store.js'
export type {
  DiscardedParking,
  ParkedGroup,
  ParkedMessage,
  ParkedMessageContent,
  ParkedSelection,
  ParkingLook,
  ParkingReason,
  ParkingStatus,
  ParkingStore,
  ParkingTransaction,
  PauseDelays,
  PausedTopic,
  RetriedParking,
  WaitingKey,
} from './ports/parking.js'
export type { Checkpoint, RelayPublisher, ShardProducer } from './ports/relay-publisher.js'
export {
  type CapturedRow,
  type Cleaning,
  type Cursor,
  type Guard,
  type GuardedTransaction,
  type Lease,
  type Look,
  type OutboxStatus,
  originCursor,
  type Page,
  type PageBounds,
  type Reclaimed,
  type RelayBatch,
  type RelayIdentity,
  type RelayStore,
  type ShardFacts,
  type ShardStatus,
} from './ports/relay-store.js'
export type { BucketRange, ClosedShard, HeldShard, MappedShard, ShardMapChange } from './ports/shard-map.js'
export type {
  HandledMessage,
  HandlerCall,
  IdempotencyTracing,
  InboxTracing,
  OutboxTracing,
  RelayTracing,
  SentBatch,
  TraceContext,
  TracedEnd,
  TraceHandler,
  Tracing,
} from './ports/tracing.js'
export type { TransactionBounds, TransactionStore } from './ports/transaction-store.js'
export { type Adoption, adopt } from './relay/adopt/adopt.js'
export type { AdoptOptions } from './relay/adopt/adopt-options.js'
export type { AdoptionReport, AdoptionShard, Divergence, OutboxFate } from './relay/adopt/adoption-report.js'
export type { DrainedStore } from './relay/drain.js'
export { createRelay, type Relay, type RelayShardStatus, type RelayStatus } from './relay/relay.js'
export type { RelayEvents, ShardState } from './relay/relay-events.js'
export type { RelayOptions } from './relay/relay-options.js'
export { type ParkedOnClosing, type ReshardOutcome, reshard } from './relay/reshard/reshard.js'
export type { ReshardOptions } from './relay/reshard/reshard-options.js'
export { type WhenDrainedOptions, whenDrained } from './relay/when-drained.js'
export { type Backoff, backoffDelay } from './retry/backoff.js'
