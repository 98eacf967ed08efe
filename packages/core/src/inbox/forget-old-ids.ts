import type { ResolvedInboxOptions } from './inbox-options.js'

/** So many ids are forgotten in one transaction: its locks and its dead rows are bounded. */
const batchSize = 1_000

/** Forgets ids that are older than `keepMs`, batch by batch. Resolves to how many. */
export async function forgetOldIds<Tx>(
  { store, name }: Pick<ResolvedInboxOptions<Tx>, 'store' | 'name'>,
  { keepMs, signal }: { readonly keepMs: number; readonly signal: AbortSignal | undefined },
): Promise<number> {
  if (keepMs === Number.POSITIVE_INFINITY) return 0
  for (let forgotten = 0; ; ) {
    if (signal?.aborted) return forgotten
    const more = await store.retention.forget(name, { keepMs, limit: batchSize })
    forgotten += more
    if (more < batchSize) return forgotten
  }
}
