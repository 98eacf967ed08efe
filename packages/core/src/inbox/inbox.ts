import { isPigeonholeError } from '../errors/pigeonhole-error.js'
import { Emitter, type EventSource } from '../events/emitter.js'
import { systemClock } from '../ports/clock.js'
import type { NextPosition } from '../ports/inbox-store.js'
import { backoffDelay } from '../retry/backoff.js'
import type { AnyBinding } from './binding.js'
import { identify } from './deduplication.js'
import type { Delivery } from './delivery.js'
import { handleGroup } from './handle-group.js'
import { type Handling, handleInTransaction, type Identified, type Outcome } from './handler-transaction.js'
import type { InboxEvents, MessagePlace } from './inbox-events.js'
import { type InboxOptions, type ResolvedInboxOptions, resolveInboxOptions } from './inbox-options.js'

/** Bounds of a handling. */
export interface HandleOptions {
  /** Aborts when what is under way is to be given up: handed on to the handler. */
  readonly signal?: AbortSignal
}

/** Lets each message take effect once: its row and the handler's writes share one transaction. */
export interface Inbox<Tx> extends EventSource<InboxEvents> {
  readonly name: string
  /** Whether positions are kept, so that a consumer starts where this inbox goes on. */
  readonly keepsPositions: boolean
  /**
   * Handles one delivery. Deliveries of one partition must come one at a time and in their order: a position that is
   * passed over counts as handled.
   * @throws whatever the handler throws, and MESSAGE_ID_MISSING, POSITION_MISSING, VALUE_UNDECODABLE, VALUE_INVALID,
   * HANDLER_SWALLOWED_ERROR, OUTBOX_MISSING, STORE_CONFLICT, STORE_UNAVAILABLE. Nothing is written then.
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
  /** Where this inbox goes on in each of `partitions`; those it has never handled are absent. */
  readPositions(
    partitions: readonly { readonly topic: string; readonly partition: number }[],
  ): Promise<NextPosition[]>
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

const conflictBackoff = { initialMs: 5, maxMs: 200 }

type Outcomes = Outcome[] | undefined

class StoredInbox<Tx> extends Emitter<InboxEvents> implements Inbox<Tx> {
  readonly name: string
  readonly keepsPositions: boolean
  readonly #options: ResolvedInboxOptions<Tx>

  constructor(options: ResolvedInboxOptions<Tx>) {
    super('inbox')
    this.name = options.name
    this.keepsPositions = options.dedupe === 'both' || options.dedupe === 'position'
    this.#options = options
  }

  async handle(
    delivery: Delivery,
    binding: AnyBinding<Tx>,
    { signal }: HandleOptions = {},
  ): Promise<Outcome> {
    const [outcome] = (await this.#allOrNothing([delivery], binding, signal)) ?? []
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
    // The first is the repeat of one that the inbox has passed: one by one, until it is seen which are not.
    if ('batchHandler' in binding)
      return (await this.#allOrNothing(group, binding, signal)) ?? [await alone(first)]
    return handleGroup(group, {
      together: (span, progress) => this.#together(span, { binding, signal, progress }),
      alone,
      failed: (one, error) => this.emit('message:failed', { ...this.#placeOf(one), error }),
      signal,
    })
  }

  readPositions(
    partitions: readonly { readonly topic: string; readonly partition: number }[],
  ): Promise<NextPosition[]> {
    return this.#options.store.readPositions(this.name, partitions)
  }

  checkSchema(): Promise<void> {
    return this.#options.store.checkSchema()
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
      for (const one of deliveries) this.emit('message:failed', { ...this.#placeOf(one), error })
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
    if (outcome.status === 'duplicate') this.emit('message:deduplicated', { ...place, by: outcome.by })
    else this.emit('message:handled', { ...place, idMissing: !identity.id, durationMs })
  }

  #placeOf({ topic, partition, offset }: Delivery): MessagePlace {
    return { inbox: this.name, topic, partition, offset }
  }

  async #retryConflicts(
    deliveries: readonly Delivery[],
    work: () => Promise<Outcomes>,
    signal: AbortSignal | undefined,
  ): Promise<Outcomes> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await work()
      } catch (error) {
        if (!isPigeonholeError(error, 'STORE_CONFLICT') || attempt > this.#options.conflictRetries)
          throw error
        // Another consumer may have the partition by now: it goes on with the message.
        if (signal?.aborted) throw error
        for (const one of deliveries) this.emit('message:retried', { ...this.#placeOf(one), attempt, error })
        await systemClock.sleep(backoffDelay(conflictBackoff, attempt), signal)
        signal?.throwIfAborted()
      }
    }
  }
}
