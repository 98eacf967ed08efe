import { setTimeout as delay } from 'node:timers/promises'

/** A moment on the process's monotonic clock, or an abort before it. */
export class Deadline {
  readonly #at: number
  readonly #signal: AbortSignal | undefined

  constructor(ms: number, signal?: AbortSignal) {
    this.#at = performance.now() + ms
    this.#signal = signal
  }

  get passed(): boolean {
    return this.#signal?.aborted === true || performance.now() >= this.#at
  }

  /** Waits for `ms`, or until the deadline if that comes first. */
  async pause(ms: number): Promise<void> {
    const options = this.#signal ? { signal: this.#signal } : {}
    await delay(Math.min(ms, this.#leftMs), undefined, options).catch(() => undefined)
  }

  /** Settles as `work` does, or rejects with `expired()` at the deadline. The work itself goes on. */
  race<T>(work: Promise<T>, expired: () => Error): Promise<T> {
    return new Promise((resolve, reject) => {
      const end = (settle: () => void): void => {
        clearTimeout(timer)
        this.#signal?.removeEventListener('abort', giveUp)
        settle()
      }
      const giveUp = (): void => end(() => reject(expired()))
      const timer = setTimeout(giveUp, this.#leftMs)
      this.#signal?.addEventListener('abort', giveUp)
      work.then(
        (result) => end(() => resolve(result)),
        (error: unknown) => end(() => reject(error)),
      )
      if (this.#signal?.aborted) giveUp()
    })
  }

  // Timers cut fractions off and may fire a little early: behind this time the deadline has passed.
  get #leftMs(): number {
    return Math.max(0, Math.ceil(this.#at - performance.now()) + 1)
  }
}
