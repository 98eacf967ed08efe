import type { GuardedTransaction, RelayBatch } from '../../ports/relay-store.js'
import type { ClosedShard } from '../../ports/shard-map.js'
import { orphaned } from '../orphaned.js'

/** A shard that is closed, and the snapshot that its last batch ends at. */
export interface ShardEnd extends ClosedShard {
  readonly snapshot: string
  /** The last batch. */
  readonly batch: Pick<RelayBatch, 'number' | 'token'>
}

/** Finds the snapshot that a shard is to end at, in a transaction that writes an intent of it; `known`: as it was found last. */
export type FindEnd = (tx: GuardedTransaction, known: string | undefined) => Promise<string>

/**
 * A snapshot of the shard's own first intent. Whoever reads it elsewhere may see transactions end that a crash takes back: their
 * ids are given out again then, and the messages of those who get them would lie behind the snapshot unsent.
 */
export const ownEnd: FindEnd = async (tx, known) => known ?? (await tx.readSnapshot())

/** The end of another shard. Only where that one's last batch is there: a standby that took over may know nothing of either. */
export function endOf({ shard, batch, snapshot }: ShardEnd): FindEnd {
  return async (tx) => {
    if (await tx.hasBatch(shard, batch)) return snapshot
    throw orphaned(shard, batch.number + 1)
  }
}
