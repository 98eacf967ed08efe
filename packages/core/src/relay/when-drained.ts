import { type Clock, systemClock } from '../ports/clock.js'
import { type DrainedStore, drainOutbox } from './drain.js'

/** What {@link whenDrained} takes. */
export interface WhenDrainedOptions {
  readonly store: DrainedStore
  /** How often it looks, in milliseconds. @default 200 */
  readonly pollMs?: number
  /** Gives up when it aborts. */
  readonly signal?: AbortSignal
  /** @default the process's monotonic clock */
  readonly clock?: Clock
}

/**
 * Resolves when all that was committed before the call is confirmed by Kafka, as the database knows it, whichever processes
 * send it. It sends nothing itself, and waits for as long as no relay does. What is parked is not waited for.
 * @throws DEADLINE_EXCEEDED when `signal` aborts; STORE_UNAVAILABLE
 */
export async function whenDrained(options: WhenDrainedOptions): Promise<void> {
  const { store, pollMs = 200, clock = systemClock } = options
  const { signal = new AbortController().signal } = options
  await drainOutbox({ store, pollMs, clock }, [], signal)
}
