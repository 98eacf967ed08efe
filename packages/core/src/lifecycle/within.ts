import type { Clock } from '../ports/clock.js'
import { linkAbort } from './linked-abort.js'
import { untilAborted } from './until-aborted.js'

/** How long to wait for a promise. */
export interface Patience {
  readonly clock: Clock
  readonly ms: number
  /** Ends the waiting before its time. */
  readonly signal: AbortSignal
  /** The error when the time is over. */
  readonly late: () => Error
}

/**
 * Settles as `promise` does, or rejects with `late()` after `ms` milliseconds, or with the signal's reason as soon as it
 * aborts. The promise itself goes on: what it leaves behind is for its owner to drop.
 */
export async function within<T>(promise: Promise<T>, { clock, ms, signal, late }: Patience): Promise<T> {
  const waiting = linkAbort(signal)
  const deadline = new AbortController()
  void clock.sleep(ms, waiting.signal).then(() => {
    if (!waiting.signal.aborted) deadline.abort(late())
  })
  try {
    return await untilAborted(untilAborted(promise, deadline.signal), signal)
  } finally {
    waiting.abort()
    waiting.unlink()
  }
}
