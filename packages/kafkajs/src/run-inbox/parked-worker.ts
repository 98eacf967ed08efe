import { type AnyBinding, backoffDelay, type Emitter, type Inbox } from '@pigeonhole/core'
import { handlings } from './handling-lock.js'
import type { InboxRunEvents } from './run-inbox-events.js'
import type { ResolvedRunInboxOptions } from './run-inbox-options.js'

/** What a {@link ParkedWorker} is made from. */
export interface ParkedWorkerSetup<Tx> {
  readonly inbox: Pick<Inbox<Tx>, 'retryParked'>
  readonly options: Pick<ResolvedRunInboxOptions<Tx>, 'handlers' | 'parkedPollMs' | 'backoff' | 'clock'>
  readonly events: Emitter<InboxRunEvents>
}

/**
 * Handles parked messages that are due, one after the other, beside the partitions: also those of partitions that other
 * members have. The database sees to it that each is handled by one.
 */
export class ParkedWorker<Tx> {
  readonly #setup: ParkedWorkerSetup<Tx>
  readonly #closing = new AbortController()
  readonly #givingUp = new AbortController()
  #idle: Promise<void> = Promise.resolve()

  constructor(setup: ParkedWorkerSetup<Tx>) {
    this.#setup = setup
  }

  start(): void {
    this.#idle = this.#work()
  }

  /** Begins nothing more. Resolves when what is under way has ended. */
  async close(): Promise<void> {
    this.#closing.abort()
    await this.#idle
  }

  /** Gives up what is under way: its signal aborts. */
  giveUp(reason: unknown): void {
    this.#closing.abort()
    this.#givingUp.abort(reason)
  }

  async #work(): Promise<void> {
    const { options, events } = this.#setup
    const bindings = [...options.handlers.values()]
    for (let failures = 0; !this.#closing.signal.aborted; ) {
      const error = await this.#drain(bindings)
      failures = error === undefined ? 0 : failures + 1
      const delayMs = error === undefined ? options.parkedPollMs : backoffDelay(options.backoff, failures)
      if (error !== undefined && !this.#closing.signal.aborted)
        events.emit('parked:delayed', { error: error.thrown, delayMs })
      await options.clock.sleep(delayMs, this.#closing.signal)
    }
  }

  // Resolves to what has ended it, if something has: an error of the database.
  async #drain(bindings: readonly AnyBinding<Tx>[]): Promise<{ readonly thrown: unknown } | undefined> {
    const signal = this.#givingUp.signal
    try {
      while (
        !this.#closing.signal.aborted &&
        (await this.#setup.inbox.retryParked(bindings, { signal, turns: handlings }))
      );
      return undefined
    } catch (thrown) {
      return { thrown }
    }
  }
}
