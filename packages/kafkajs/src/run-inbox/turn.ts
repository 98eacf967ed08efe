import type { Clock } from '@pigeonhole/core'

/** For so long, in milliseconds, a partition with many messages goes on before others of its broker have their turn. */
const turnMs = 1_000

/**
 * The time for which kafkajs waits for one batch. Until it is over, kafkajs fetches nothing more from that broker, of
 * any partition, and cannot take part in a rebalance.
 */
export class Turn {
  readonly closed: Promise<void>
  readonly #clock: Clock
  readonly #since: number
  readonly #closing = new AbortController()
  #yielded = false

  constructor(clock: Clock) {
    this.#clock = clock
    this.#since = clock.now()
    const { signal } = this.#closing
    this.closed = new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
  }

  get isOpen(): boolean {
    return !this.#closing.signal.aborted
  }

  /** Whether to leave the rest of the batch. It is fetched again. What kafkajs no longer waits for may go on. */
  get isOver(): boolean {
    return this.#yielded || (this.isOpen && this.#clock.now() - this.#since >= turnMs)
  }

  /** Resolves after `ms` milliseconds, or when the turn is closed. */
  async sleep(ms: number): Promise<void> {
    await this.#clock.sleep(ms, this.#closing.signal)
  }

  /** Nothing more of the batch is begun. */
  yield(): void {
    this.#yielded = true
  }

  /** kafkajs goes on. */
  close(): void {
    this.#closing.abort()
  }
}
