import { isPigeonholeError } from '../errors/pigeonhole-error.js'
import { systemClock } from '../ports/clock.js'
import { backoffDelay } from './backoff.js'

/** How work is tried again. */
export interface ConflictRetries {
  /** How often, after the first time. */
  readonly retries: number
  /** Aborts when it is not to be tried again. */
  readonly signal: AbortSignal | undefined
  /** Hears of a conflict before the next attempt. */
  readonly retried: (attempt: number, error: unknown) => void
}

const conflictBackoff = { initialMs: 5, maxMs: 200 }

/** Does `work`, again after a pause where PostgreSQL gave its transaction up in favour of another one. */
export async function retryConflicts<R>(
  work: () => Promise<R>,
  { retries, signal, retried }: ConflictRetries,
): Promise<R> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work()
    } catch (error) {
      if (!isPigeonholeError(error, 'STORE_CONFLICT') || attempt > retries) throw error
      // Another consumer may have the work by now: it goes on with it.
      if (signal?.aborted) throw error
      retried(attempt, error)
      await systemClock.sleep(backoffDelay(conflictBackoff, attempt), signal)
      signal?.throwIfAborted()
    }
  }
}
