import type { Clock } from '@pigeonhole/core'

/** The time for which kafkajs waits for one batch. */
export class Turn {
  readonly closed: Promise<void>
  readonly #closing = new AbortController()
  #yielded = false

  constructor() {
    const { signal } = this.#closing
    this.closed = new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
  }

  get isOpen(): boolean {
    return !this.#closing.signal.aborted
  }

  /** Whether to leave the rest of the batch, which is fetched again then. */
  get isYielded(): boolean {
    return this.#yielded
  }

  /** Resolves after `ms` milliseconds, or when the turn is closed. */
  async sleep(ms: number, clock: Clock): Promise<void> {
    await clock.sleep(ms, this.#closing.signal)
  }

  /** Nothing more of the batch is begun. */
  yield(): void {
    this.#yielded = true
  }

  /** kafkajs goes on. What is under way of the batch goes on beside it. */
  close(): void {
    this.#closing.abort()
  }
}
