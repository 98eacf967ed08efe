import { setTimeout as delay } from 'node:timers/promises'

/** Time as the engine sees it. Wall-clock time is never used for decisions. */
export interface Clock {
  /** Milliseconds on a monotonic clock. */
  now(): number
  /** Resolves after `ms` milliseconds, or as soon as `signal` aborts. Never rejects. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>
}

/** The process's own monotonic clock and timers. */
export const systemClock: Clock = {
  now: () => performance.now(),
  async sleep(ms, signal) {
    await delay(ms, undefined, signal ? { signal } : {}).catch(() => undefined)
  },
}
