import { randomUUID } from 'node:crypto'
import type { Cursor, GuardedTransaction, RelayBatch } from '../ports/relay-store.js'
import { orphaned } from './orphaned.js'

/** What an intent is written for. */
export interface Intent {
  readonly shard: number
  readonly parent: RelayBatch
  readonly cursor: Cursor
  /** Places of the parked messages that it holds in place of a page. */
  readonly releases?: readonly string[]
}

/** Writes the intent of the batch behind `parent`. @throws INTENT_ORPHANED */
export async function writeBatch(
  tx: GuardedTransaction,
  { shard, parent, ...held }: Intent,
): Promise<RelayBatch> {
  const batch = { number: parent.number + 1, token: randomUUID(), parent: parent.token, ...held }
  if (!(await tx.insertBatch(batch))) throw orphaned(shard, batch.number)
  return batch
}
