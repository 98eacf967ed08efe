/** What each metric of idempotency keys says, by its name. docs/metrics.md has them all. */
export const idempotencyMetricHelp = {
  pigeonhole_idempotency_total:
    'Requests by what became of them: done, refused, replayed; running or reused where the key was not let in; and attempts that came to nothing: retried after a conflict, failed',
  pigeonhole_idempotency_seconds:
    'Time in which an operation was done or refused, from its claim to its commit, attempts that were retried included',
} as const
