import type { Topic } from '../message/topic.js'
import { assertKnownOptions, assertWholeNumber } from '../options/known-options.js'
import type { Publish } from '../outbox/publish-in.js'

/** A consumed message, decoded and held to its topic's schema. */
export interface Message<Value> {
  readonly topic: string
  /** Absent where the message carries none. */
  readonly id: string | undefined
  readonly key: Uint8Array | null
  /** `null` for a tombstone, if the topic's schema lets it pass. */
  readonly value: Value
  readonly headers: readonly (readonly [name: string, value: Uint8Array])[]
  readonly partition: number | undefined
  readonly offset: bigint | undefined
  readonly timestamp: Date | undefined
}

/** What every handler is given. */
export interface TransactionContext<Tx> {
  /** The transaction that also holds the inbox's own rows: what is written through it is committed once. */
  readonly tx: Tx
  /** Publishes in the same transaction. Resolves to the message's id. */
  readonly publish: Publish
  /** Aborts when the partition is lost, the time is up or the consumer stops: hand it to what you await. */
  readonly signal: AbortSignal
}

/** What a {@link Handler} is given. */
export interface HandlerContext<Tx, Value> extends TransactionContext<Tx> {
  readonly message: Message<Value>
}

/** What a {@link BatchHandler} is given. */
export interface BatchContext<Tx, Value> extends TransactionContext<Tx> {
  /** At least one, in their order: those of a batch that are no repeats. */
  readonly messages: readonly Message<Value>[]
}

/** Handles one message. Its transaction commits when it resolves and rolls back when it rejects. */
export type Handler<Tx, Value> = (context: HandlerContext<Tx, Value>) => Promise<void> | void

/** Handles several messages of one partition: all of them take effect, or none. */
export type BatchHandler<Tx, Value> = (context: BatchContext<Tx, Value>) => Promise<void> | void

/** A topic and what handles each of its messages. */
export interface Binding<Tx> {
  readonly topic: Topic<never, unknown>
  readonly handler: Handler<Tx, never>
  /** Most messages in one transaction. */
  readonly group: number
}

/** A topic and what handles its messages several at a time. */
export interface BatchBinding<Tx> {
  readonly topic: Topic<never, unknown>
  readonly batchHandler: BatchHandler<Tx, never>
  /** Most messages in one transaction. */
  readonly group: number
}

/** What handles the messages of a topic, one by one or several at a time. */
export type AnyBinding<Tx> = Binding<Tx> | BatchBinding<Tx>

/** What {@link on} takes besides topic and handler. */
export interface OnOptions {
  /**
   * Most messages of a partition in one transaction. More of them share the cost of a commit. One that fails is tried
   * again without those before it, which are committed first: a handler may therefore run more than once for a message,
   * as it may anyway, and takes effect once. `timeoutMs` of the inbox bounds the whole transaction.
   * @default 1
   */
  readonly group?: number
}

/**
 * Binds `handler` to the messages of `topic`.
 * @throws OPTION_INVALID
 */
export function on<Tx, Out>(
  topic: Topic<never, Out>,
  handler: Handler<Tx, Out>,
  options: OnOptions = {},
): Binding<Tx> {
  assertKnownOptions('on', options, ['group'])
  const { group = 1 } = options
  assertWholeNumber('group', group, { min: 1 })
  return { topic, handler: handler as Handler<Tx, never>, group }
}

/** What {@link onBatch} takes besides topic and handler. */
export interface OnBatchOptions {
  /** Most messages of a partition in one transaction. @default 100 */
  readonly size?: number
}

/**
 * Binds `handler` to the messages of `topic`, several of a partition at a time, as they come. All of them take effect or
 * none: one that fails makes all of its batch be tried again.
 * @throws OPTION_INVALID
 */
export function onBatch<Tx, Out>(
  topic: Topic<never, Out>,
  handler: BatchHandler<Tx, Out>,
  options: OnBatchOptions = {},
): BatchBinding<Tx> {
  assertKnownOptions('onBatch', options, ['size'])
  const { size = 100 } = options
  assertWholeNumber('size', size, { min: 1 })
  return { topic, batchHandler: handler as BatchHandler<Tx, never>, group: size }
}
