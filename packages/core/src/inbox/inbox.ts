import { Emitter, type EventSource } from '../events/emitter.js'
import type { ClaimCount } from '../ports/inbox-claims.js'
import type { BoundTopic, NextPosition } from '../ports/inbox-store.js'
import { retryConflicts } from '../retry/retry-conflicts.js'
import type { AnyBinding } from './binding.js'
import { identify, type Position } from './deduplication.js'
import type { Delivery } from './delivery.js'
import { forgetOldIds } from './forget-old-ids.js'
import { handleBatch } from './handle-batch.js'
import { handleGroup } from './handle-group.js'
import { type Handling, handleInTransaction, type Identified, type Outcome } from './handler-transaction.js'
import type { InboxEvents, MessagePlace } from './inbox-events.js'
import { type InboxOptions, type ResolvedInboxOptions, resolveInboxOptions } from './inbox-options.js'
import { parksAtOnce } from './message-fault.js'
import { type ParkOptions, parkMessage } from './park-message.js'
import { type HandlingTurns, retryParked } from './parked-retry.js'

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

const nobodyElse: HandlingTurns = { shared: (work) => work(), alone: (work) => work() }

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
  /** Resolves when nobody holds the position: a handler of another owner, most likely. @throws STORE_UNAVAILABLE after a while */
  waitForPosition(position: Position): Promise<void>
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

type Outcomes = Outcome[] | undefined

/** How several deliveries are handled. */
interface Together<Tx> {
  readonly binding: AnyBinding<Tx>
  readonly signal: AbortSignal | undefined
  readonly alone: (one: Delivery) => Promise<Outcome>
}

class StoredInbox<Tx> extends Emitter<InboxEvents> implements Inbox<Tx> {
  readonly name: string
  readonly keepsPositions: boolean
  readonly keepsIds: boolean
  readonly idRetentionMs: number
  readonly #options: ResolvedInboxOptions<Tx>

  constructor(options: ResolvedInboxOptions<Tx>) {
    super('inbox')
    this.name = options.name
    this.keepsPositions = options.dedupe === 'both' || options.dedupe === 'position'
    this.keepsIds = options.dedupe === 'both' || options.dedupe === 'id'
    this.idRetentionMs = options.idRetentionMs
    this.#options = options
  }

  async handle(
    delivery: Delivery,
    binding: AnyBinding<Tx>,
    { signal }: HandleOptions = {},
  ): Promise<Outcome> {
    const [outcome] = await this.#orParkFirst([delivery], signal, async () => {
      return (await this.#allOrNothing([delivery], binding, signal)) ?? []
    })
    return outcome as Outcome
  }

  async handleGroup(
    deliveries: readonly Delivery[],
    binding: AnyBinding<Tx>,
    options: HandleOptions = {},
  ): Promise<Outcome[]> {
    const { signal } = options
    const group = deliveries.slice(0, binding.group)
    const [first] = group
    if (!first) return []
    const alone = (one: Delivery): Promise<Outcome> => this.handle(one, binding, options)
    if (group.length === 1) return [await alone(first)]
    return this.#orParkFirst(group, signal, () =>
      'batchHandler' in binding
        ? this.#handleBatch(group, { binding, signal, alone })
        : this.#handleSpan(group, { binding, signal, alone }),
    )
  }

  async park(delivery: Delivery, options: ParkOptions): Promise<Outcome> {
    const work = (): Promise<Outcome> => parkMessage(this.#options, delivery, options)
    const outcome = await this.#retryConflicts([delivery], work, undefined)
    if (outcome.status === 'parked')
      this.emit('message:parked', { ...this.#placeOf(delivery), because: 'failed', ...options })
    return outcome
  }

  retryParked(
    bindings: readonly AnyBinding<Tx>[],
    { signal, turns = nobodyElse }: RetryOptions = {},
  ): Promise<boolean> {
    return retryParked(this.#options, {
      bindings,
      signal,
      turns,
      again: (delivery, work) => this.#retryConflicts([delivery], work, signal),
      done: (one, outcome, durationMs) => {
        this.#tell(one, outcome, durationMs)
        this.emit('message:unparked', this.#placeOf(one.delivery))
      },
      failed: (one, error) => this.#tellFailed([one], error),
      unblocked: ({ topic }) => this.emit('key:unblocked', { inbox: this.name, topic }),
    })
  }

  forgetOldIds({ keepMs = this.idRetentionMs, signal }: ForgetOptions = {}): Promise<number> {
    return forgetOldIds(this.#options, { keepMs, signal })
  }

  readPositions(
    partitions: readonly { readonly topic: string; readonly partition: number }[],
  ): Promise<NextPosition[]> {
    return this.#options.store.readPositions(this.name, partitions)
  }

  bindTopic(topic: string, topicId: string): Promise<BoundTopic> {
    return this.#options.store.bindTopic(this.name, topic, topicId)
  }

  claimPosition(position: Position): Promise<ClaimCount> {
    return this.#options.store.claims.claim(this.name, position)
  }

  waitForPosition(position: Position): Promise<void> {
    return this.#options.store.claims.wait(this.name, position)
  }

  startMessage(position: Position): Promise<number | undefined> {
    return this.#options.store.claims.start(this.name, position)
  }

  endMessage(position: Position): Promise<void> {
    return this.#options.store.claims.end(this.name, position)
  }

  finishMessage(position: Position): Promise<void> {
    return this.#options.store.claims.finish(this.name, position)
  }

  checkSchema(): Promise<void> {
    return this.#options.store.checkSchema()
  }

  // What fails may be one that another attempt would not mend: then it is done with that, too.
  async #orParkFirst(
    group: readonly Delivery[],
    signal: AbortSignal | undefined,
    work: () => Promise<Outcome[]>,
  ): Promise<Outcome[]> {
    try {
      return await work()
    } catch (error) {
      if (!parksAtOnce(error) || signal?.aborted) throw error
      return [await this.park(group[0] as Delivery, { error, attempts: 1 })]
    }
  }

  #handleSpan(group: readonly Delivery[], { binding, signal, alone }: Together<Tx>): Promise<Outcome[]> {
    return handleGroup(group, {
      together: (span, progress) => this.#together(span, { binding, signal, progress }),
      alone,
      failed: (one, error) => this.emit('message:failed', { ...this.#placeOf(one), error }),
      signal,
    })
  }

  #handleBatch(group: readonly Delivery[], { binding, signal, alone }: Together<Tx>): Promise<Outcome[]> {
    return handleBatch(group, {
      together: (span, progress) =>
        this.#retryConflicts(span, () => this.#together(span, { binding, signal, progress }), signal),
      alone,
      failed: (those, error) => this.#tellFailed(those, error),
      signal,
    })
  }

  #tellFailed(deliveries: readonly Delivery[], error: unknown): void {
    for (const one of deliveries) this.emit('message:failed', { ...this.#placeOf(one), error })
  }

  // In one transaction, again after a conflict.
  async #allOrNothing(
    deliveries: readonly Delivery[],
    binding: AnyBinding<Tx>,
    signal: AbortSignal | undefined,
  ): Promise<Outcomes> {
    const work = (): Promise<Outcomes> =>
      this.#together(deliveries, { binding, signal, progress: { at: undefined } })
    try {
      return await this.#retryConflicts(deliveries, work, signal)
    } catch (error) {
      this.#tellFailed(deliveries, error)
      throw error
    }
  }

  async #together(deliveries: readonly Delivery[], how: Omit<Handling<Tx>, 'deliveries'>): Promise<Outcomes> {
    const started = performance.now()
    const identified = deliveries.map((delivery, index) => {
      how.progress.at = index
      return { delivery, identity: identify(this.#options, delivery) }
    })
    how.progress.at = undefined
    const outcomes = await handleInTransaction(this.#options, { ...how, deliveries: identified })
    const durationMs = performance.now() - started
    identified.forEach((one, index) => {
      const outcome = outcomes?.[index]
      if (outcome) this.#tell(one, outcome, durationMs)
    })
    return outcomes
  }

  #tell({ delivery, identity }: Identified, outcome: Outcome, durationMs: number): void {
    const place = this.#placeOf(delivery)
    if (outcome.status === 'parked')
      this.emit('message:parked', { ...place, because: outcome.because, attempts: 0, error: undefined })
    else if (outcome.status === 'duplicate') this.emit('message:deduplicated', { ...place, by: outcome.by })
    else this.emit('message:handled', { ...place, idMissing: !identity.id, durationMs })
  }

  #placeOf({ topic, partition, offset }: Delivery): MessagePlace {
    return { inbox: this.name, topic, partition, offset }
  }

  #retryConflicts<R>(
    deliveries: readonly Delivery[],
    work: () => Promise<R>,
    signal: AbortSignal | undefined,
  ): Promise<R> {
    const retried = (attempt: number, error: unknown): void => {
      for (const one of deliveries) this.emit('message:retried', { ...this.#placeOf(one), attempt, error })
    }
    return retryConflicts(work, { retries: this.#options.conflictRetries, signal, retried })
  }
}
