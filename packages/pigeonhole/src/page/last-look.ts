import type { Trouble } from './browser/page-state.js'
import { troubleOf } from './trouble.js'

/** A look that took long is not repeated before this many times as long: an outage's backlog is not read all the time. */
const restFactor = 10

/**
 * The last look at something that is not asked all the time, whoever asks for it and however often. Nobody waits for a look: what is asked for is what
 * was found last, and a new look begins where that is old.
 */
export class LastLook<T> {
  found: T | null = null
  failure: Trouble | null = null
  readonly #look: () => Promise<T>
  readonly #pauseMs: number
  #next = 0

  /** @param pauseMs Shortest time between two looks. */
  constructor(look: () => Promise<T>, pauseMs: number) {
    this.#look = look
    this.#pauseMs = pauseMs
  }

  /** Looks again unless a look is under way or not old yet. Never rejects. */
  async refresh(): Promise<void> {
    const began = performance.now()
    if (began < this.#next) return
    this.#next = Number.POSITIVE_INFINITY
    try {
      this.found = await this.#look()
      this.failure = null
    } catch (error) {
      this.failure = troubleOf(error)
    }
    const took = performance.now() - began
    this.#next =
      performance.now() + (this.failure ? this.#pauseMs : Math.max(this.#pauseMs, restFactor * took))
  }
}
