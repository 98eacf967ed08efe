import { Emitter } from '../events/emitter.js'
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
import type { ForgetOptions, HandleOptions, Inbox, RetryOptions } from './inbox.js'
import type { InboxEvents, MessagePlace } from './inbox-events.js'
import type { ResolvedInboxOptions } from './inbox-options.js'
import { parksAtOnce } from './message-fault.js'
import { type ParkOptions, parkMessage } from './park-message.js'
import { type HandlingTurns, retryParked } from './parked-retry.js'
import { UnendedClaims } from './unended-claims.js'
import { waitForTurn } from './wait-for-turn.js'

const nobodyElse: HandlingTurns = { shared: (work) => work(), alone: (work) => work() }

type Outcomes = Outcome[] | undefined

/** How several deliveries are handled. */
interface Together<Tx> {
  readonly binding: AnyBinding<Tx>
  readonly signal: AbortSignal | undefined
  readonly alone: (one: Delivery) => Promise<Outcome>
}

/** An inbox over a store: tells of what it does, and repeats what conflicts. */
export class StoredInbox<Tx> extends Emitter<InboxEvents> implements Inbox<Tx> {
  readonly name: string
  readonly keepsPositions: boolean
  readonly keepsIds: boolean
  readonly idRetentionMs: number
  readonly #options: ResolvedInboxOptions<Tx>
  readonly #unended: UnendedClaims<Tx>

  constructor(options: ResolvedInboxOptions<Tx>) {
    super('inbox')
    this.name = options.name
    this.keepsPositions = options.dedupe === 'both' || options.dedupe === 'position'
    this.keepsIds = options.dedupe === 'both' || options.dedupe === 'id'
    this.idRetentionMs = options.idRetentionMs
    this.#options = options
    this.#unended = new UnendedClaims(options)
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
      unended: this.#unended,
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

  waitForTurn(delivery: Delivery): Promise<void> {
    return waitForTurn(this.#options, delivery)
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
