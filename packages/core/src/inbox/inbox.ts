import type { EventSource } from '../events/emitter.js'
import type { ClaimCount } from '../ports/inbox-claims.js'
import type { BoundTopic, NextPosition } from '../ports/inbox-store.js'
import type { AnyBinding } from './binding.js'
import type { Position } from './deduplication.js'
import type { Delivery } from './delivery.js'
import type { Outcome } from './handler-transaction.js'
import type { InboxEvents } from './inbox-events.js'
import { type InboxOptions, resolveInboxOptions } from './inbox-options.js'
import type { ParkOptions } from './park-message.js'
import type { HandlingTurns } from './parked-retry.js'
import { StoredInbox } from './stored-inbox.js'

/** Bounds of a handling. */
export interface HandleOptions {
  /** Aborts when what is under way is to be given up: handed on to the handler. */
  readonly signal?: AbortSignal
}

/** Bounds of handling a parked message. */
export interface RetryOptions extends HandleOptions {
  /**
   * Who else handles messages in the process. One whose last start has had no end, because its process ended before, is handled
   * while nobody else does, so that nobody else is blamed.
   * @default nobody
   */
  readonly turns?: HandlingTurns
}

/** Which ids are forgotten. */
export interface ForgetOptions {
  /**
   * Nothing is forgotten that was received later than so long ago, in milliseconds.
   * @default the inbox's `idRetentionMs`
   */
  readonly keepMs?: number
  /** Aborts between two transactions. */
  readonly signal?: AbortSignal
}

/** Lets each message take effect once: its row and the handler's writes share one transaction. */
export interface Inbox<Tx> extends EventSource<InboxEvents> {
  readonly name: string
  /** Whether positions are kept, so that a consumer starts where this inbox goes on. */
  readonly keepsPositions: boolean
  /** Whether ids are kept, so that what a producer sends again is known. */
  readonly keepsIds: boolean
  /** How long an id is kept, in milliseconds. */
  readonly idRetentionMs: number
  /**
   * Handles one delivery. Deliveries of one partition must come one at a time and in their order: a position that is
   * passed over counts as handled.
   * @throws whatever the handler throws, and MESSAGE_ID_MISSING, POSITION_MISSING, VALUE_UNDECODABLE, VALUE_INVALID,
   * HANDLER_SWALLOWED_ERROR, HANDLER_TIMED_OUT, PARKED_KEY_FULL, OUTBOX_MISSING, STORE_CONFLICT, STORE_UNAVAILABLE. Nothing
   * is written then. A message is parked, which is an outcome, when the handler throws {@link park}, the topic's schema
   * refuses the value, or another message of its key is parked.
   */
  handle(delivery: Delivery, binding: AnyBinding<Tx>, options?: HandleOptions): Promise<Outcome>
  /**
   * Handles deliveries of one topic, and of one partition where they have any, in their order: those that `binding` takes
   * into one transaction, or as many of them as can be handled. Resolves to the outcomes of the first ones, at least of
   * one: call it again with the rest.
   * @throws as {@link Inbox.handle} does, when the first cannot be handled. Nothing is written then.
   */
  handleGroup(
    deliveries: readonly Delivery[],
    binding: AnyBinding<Tx>,
    options?: HandleOptions,
  ): Promise<Outcome[]>
  /**
   * Parks a message that has failed so often that the inbox goes on without it. Later ones of its key are parked behind
   * it, and all are tried again by {@link Inbox.retryParked}, in their order.
   * @throws STORE_CONFLICT, STORE_UNAVAILABLE. Nothing is written then.
   */
  park(delivery: Delivery, options: ParkOptions): Promise<Outcome>
  /**
   * Handles a parked message that is due, the oldest of its key, by what `bindings` has for its topic. Resolves to whether
   * there was one: call it again then. `runInbox` does so. What the handler throws is told by `message:failed`.
   * @throws STORE_CONFLICT, STORE_UNAVAILABLE
   */
  retryParked(bindings: readonly AnyBinding<Tx>[], options?: RetryOptions): Promise<boolean>
  /**
   * Forgets the ids that are older than they are kept, 1,000 a transaction. Resolves to how many; to 0 while the inbox is behind a
   * position from which it was rewound. `runInbox` does so; where deliveries come in another way, call it from time to time.
   * @throws STORE_CONFLICT, STORE_UNAVAILABLE. What was forgotten before stays forgotten.
   */
  forgetOldIds(options?: ForgetOptions): Promise<number>
  /** Where this inbox goes on in each of `partitions`; those it has never handled are absent. */
  readPositions(
    partitions: readonly { readonly topic: string; readonly partition: number }[],
  ): Promise<NextPosition[]>
  /**
   * Remembers that this inbox's offsets in `topic` are those of the topic with this id, by which Kafka tells it from another
   * one of its name. Resolves to what is remembered: the former one, while there are positions of it.
   */
  bindTopic(topic: string, topicId: string): Promise<BoundTopic>
  /** Counts that a consumer begins to handle a partition at `position`, and resolves to what is known of the message there. */
  claimPosition(position: Position): Promise<ClaimCount>
  /**
   * Resolves when nobody holds the position of a delivery, or its id where no positions are kept: a handler of another owner, most
   * likely.
   * @throws STORE_CONFLICT after a while, STORE_UNAVAILABLE
   */
  waitForTurn(delivery: Delivery): Promise<void>
  /**
   * Notes, by itself, that the handler of the message at `position` is about to run. Resolves to how many such starts have had
   * no end, this one included; to undefined where the inbox has passed it. `runInbox` finds by it which message kills its
   * process.
   */
  startMessage(position: Position): Promise<number | undefined>
  /** Notes that a start has ended, although its message is not done. */
  endMessage(position: Position): Promise<void>
  /** Notes that a message is done: its starts mean nothing where it comes again. */
  finishMessage(position: Position): Promise<void>
  /** @throws SCHEMA_MISSING, SCHEMA_OUTDATED, STORE_UNAVAILABLE */
  checkSchema(): Promise<void>
}

/**
 * Creates an inbox over `store`.
 * @throws OPTION_INVALID
 */
export function createInbox<Tx>(options: InboxOptions<Tx>): Inbox<Tx> {
  return new StoredInbox(resolveInboxOptions(options))
}
