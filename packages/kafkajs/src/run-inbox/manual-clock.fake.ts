import { setImmediate } from 'node:timers/promises'
import type { Clock } from '@pigeonhole/core'

/** A clock that stands still until it is moved on. */
export class ManualClock implements Clock {
  readonly #sleepers = new Set<{ readonly at: number; readonly wake: () => void }>()
  #now = 0

  now(): number {
    return this.#now
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

  /** Moves on by `ms` at once, and lets all run that this wakes. */
  async advance(ms: number): Promise<void> {
    this.#now += ms
    for (const sleeper of this.#sleepers) {
      if (sleeper.at > this.#now) continue
      this.#sleepers.delete(sleeper)
      sleeper.wake()
    }
    await settle()
  }
}

/** Lets everything run that waits for nothing but promises and the next turn of the event loop. */
export async function settle(): Promise<void> {
  for (let i = 0; i < 5; i++) await setImmediate()
}
