/** A series of delays that grow. */
export interface Backoff {
  /** First delay in milliseconds. */
  readonly initialMs: number
  /** Longest delay in milliseconds. */
  readonly maxMs: number
}

/**
 * The delay before attempt `attempt` (1 is the first retry), in milliseconds: doubling from `initialMs` to `maxMs`,
 * less up to a half at random, so that many clients of one server do not return together.
 */
export function backoffDelay(backoff: Backoff, attempt: number, random: () => number = Math.random): number {
  const full = Math.min(backoff.maxMs, backoff.initialMs * 2 ** Math.min(attempt - 1, 30))
  return full * (1 - random() / 2)
}
