import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Clock } from './clock.js'

interface Sleeper {
  readonly at: number
  readonly wake: () => void
}

/** Lets everything run that waits for nothing but promises. */
export async function settle(): Promise<void> {
  await nextTurn()
}

/** A clock that stands still until it is advanced. */
export class ManualClock implements Clock {
  readonly #sleepers = new Set<Sleeper>()
  #now = 0

  now(): number {
    return this.#now
  }

  /** How many sleep. */
  get sleeping(): number {
    return this.#sleepers.size
  }

  async sleep(ms: number, signal?: AbortSignal): Promise<void> {
    if (signal?.aborted) return
    await new Promise<void>((resolve) => {
      const wake = (): void => {
        this.#sleepers.delete(sleeper)
        signal?.removeEventListener('abort', wake)
        resolve()
      }
      const sleeper = { at: this.#now + ms, wake }
      this.#sleepers.add(sleeper)
      signal?.addEventListener('abort', wake)
    })
  }

  /** Moves on by `ms`, waking each sleeper at its time, and lets what they do settle before the next. */
  async advance(ms: number): Promise<void> {
    const until = this.#now + ms
    await settle()
    for (let next = this.#next(until); next; next = this.#next(until)) {
      this.#now = next.at
      next.wake()
      await settle()
    }
    this.#now = until
  }

  #next(until: number): Sleeper | undefined {
    const due = [...this.#sleepers].filter(({ at }) => at <= until)
    return due.toSorted((a, b) => a.at - b.at)[0]
  }
}
