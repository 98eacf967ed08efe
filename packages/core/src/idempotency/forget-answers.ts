import type { ResolvedIdempotencyOptions } from './idempotency-options.js'

/** Answers of one transaction: a few milliseconds of it. */
const lot = 1_000

/** Forgets what has expired, lot after lot. Resolves to how many answers that were. */
export async function forgetAnswers<Tx>(
  { store, graceMs }: Pick<ResolvedIdempotencyOptions<Tx>, 'store' | 'graceMs'>,
  signal: AbortSignal | undefined,
): Promise<number> {
  let sum = 0
  while (!signal?.aborted) {
    const forgotten = await store.forgetAnswers({ limit: lot, graceMs })
    sum += forgotten
    if (forgotten < lot) break
  }
  return sum
}
