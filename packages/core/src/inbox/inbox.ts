import { isPigeonholeError, PigeonholeError } from '../errors/pigeonhole-error.js'
import { Emitter, type EventSource } from '../events/emitter.js'
import { linkAbort } from '../lifecycle/linked-abort.js'
import { systemClock } from '../ports/clock.js'
import type { NextPosition } from '../ports/inbox-store.js'
import { backoffDelay } from '../retry/backoff.js'
import type { Binding, HandlerContext } from './binding.js'
import { decodeMessage } from './decode-message.js'
import { type Identity, identify } from './deduplication.js'
import type { Delivery } from './delivery.js'
import type { InboxEvents, MessagePlace } from './inbox-events.js'
import { type InboxOptions, type ResolvedInboxOptions, resolveInboxOptions } from './inbox-options.js'

/** What became of a delivery. A failed one rejects. */
export type Outcome =
  | { readonly status: 'handled' }
  | { readonly status: 'duplicate'; readonly by: 'position' | 'id' }

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
  handle(
    delivery: Delivery,
    binding: Binding<Tx>,
    options?: { readonly signal?: AbortSignal },
  ): Promise<Outcome>
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
    binding: Binding<Tx>,
    { signal }: { readonly signal?: AbortSignal } = {},
  ): Promise<Outcome> {
    const place = {
      inbox: this.name,
      topic: delivery.topic,
      partition: delivery.partition,
      offset: delivery.offset,
    }
    const started = performance.now()
    try {
      const identity = identify(this.#options, delivery)
      const attempt = () => this.#transact(delivery, binding, identity, signal)
      const outcome = await this.#retryConflicts(place, attempt, signal)
      if (outcome.status === 'duplicate') this.emit('message:deduplicated', { ...place, by: outcome.by })
      else
        this.emit('message:handled', {
          ...place,
          idMissing: !identity.id,
          durationMs: performance.now() - started,
        })
      return outcome
    } catch (error) {
      this.emit('message:failed', { ...place, error })
      throw error
    }
  }

  readPositions(
    partitions: readonly { readonly topic: string; readonly partition: number }[],
  ): Promise<NextPosition[]> {
    return this.#options.store.readPositions(this.name, partitions)
  }

  checkSchema(): Promise<void> {
    return this.#options.store.checkSchema()
  }

  async #retryConflicts(
    place: MessagePlace,
    work: () => Promise<Outcome>,
    signal: AbortSignal | undefined,
  ): Promise<Outcome> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await work()
      } catch (error) {
        if (!isPigeonholeError(error, 'STORE_CONFLICT') || attempt > this.#options.conflictRetries)
          throw error
        // Another consumer may have the partition by now: it goes on with the message.
        if (signal?.aborted) throw error
        this.emit('message:retried', { ...place, attempt, error })
        await systemClock.sleep(backoffDelay(conflictBackoff, attempt), signal)
        signal?.throwIfAborted()
      }
    }
  }

  async #transact(
    delivery: Delivery,
    binding: Binding<Tx>,
    identity: Identity,
    signal?: AbortSignal,
  ): Promise<Outcome> {
    const { store, timeoutMs } = this.#options
    const timeout = AbortSignal.timeout(timeoutMs)
    // The caller's signal may outlive its messages by far.
    const link = signal && linkAbort(signal)
    const run = async (tx: Tx): Promise<Outcome> => {
      const repeated = await this.#recogniseRepeat(tx, identity)
      if (repeated) return { status: 'duplicate', by: repeated }
      const message = await decodeMessage(binding.topic, delivery, identity.id?.id)
      const context: HandlerContext<Tx, never> = {
        message,
        tx,
        publish: (topic, value, options) => this.#outbox().publish(tx, topic, value, options),
        signal: link ? AbortSignal.any([link.signal, timeout]) : timeout,
      }
      await binding.handler(context)
      // Prisma commits what PostgreSQL has already rolled back when a handler swallows, say, a unique violation.
      if (!(await store.isUsable(tx))) throw swallowed(delivery)
      return { status: 'handled' }
    }
    try {
      return await store.transaction({ timeoutMs }, run)
    } finally {
      link?.unlink()
    }
  }

  // The position comes first: its row lock makes two owners of a partition take turns before either looks at ids.
  async #recogniseRepeat(tx: Tx, { position, id }: Identity): Promise<'position' | 'id' | undefined> {
    const { store, name } = this.#options
    if (position && !(await store.advancePosition(tx, name, position))) return 'position'
    if (id && !(await store.insertMessageId(tx, { inbox: name, ...id }))) return 'id'
    return undefined
  }

  #outbox(): NonNullable<ResolvedInboxOptions<Tx>['outbox']> {
    if (this.#options.outbox) return this.#options.outbox
    throw new PigeonholeError('OUTBOX_MISSING', {
      message: `A handler of inbox ${this.name} publishes, and the inbox has no outbox: createInbox({ store, outbox, name })`,
      details: { inbox: this.name },
    })
  }
}

function swallowed({ topic, partition, offset }: Delivery): PigeonholeError {
  return new PigeonholeError('HANDLER_SWALLOWED_ERROR', {
    message:
      `The handler of topic ${topic} (partition ${partition ?? '-'}, offset ${offset ?? '-'}) caught an error of a ` +
      'statement in its transaction, which PostgreSQL had given up by then, or ended the transaction itself: nothing ' +
      'of it can commit. Let the error pass, or avoid it (INSERT … ON CONFLICT DO NOTHING, createMany with ' +
      'skipDuplicates, upsert), and leave BEGIN, COMMIT and ROLLBACK to the inbox',
    details: { topic },
  })
}
