import type { GuardedTransaction, RelayBatch } from '../ports/relay-store.js'
import { assertXidsKnown } from './start-up-table.js'
import { writeBatch } from './write-batch.js'

/** Behind which batch of which shard a cursor goes past what is not the shard's. */
export interface Passage {
  readonly shard: number
  readonly parent: RelayBatch
}

/**
 * Writes a batch without messages, whose cursor is past the messages of other shards: a shard to which nothing is published
 * would walk past more and more of them with each look. By an intent, as any. Undefined: there is nothing to pass over.
 */
export async function writePassage(
  tx: GuardedTransaction,
  { shard, parent }: Passage,
): Promise<RelayBatch | undefined> {
  // No snapshot of this server passes over what another one has numbered.
  assertXidsKnown(shard, await tx.readFacts())
  const cursor = await tx.passOver(parent.cursor)
  return cursor ? writeBatch(tx, { shard, parent, cursor }) : undefined
}
