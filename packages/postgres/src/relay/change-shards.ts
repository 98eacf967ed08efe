import type { ClosedShard, ShardMapChange } from '@pigeonhole/core'
import { deleteRetiredPauses } from '../sql/paused-topic/delete-retired.js'
import { selectConfirmedRelayBatch } from '../sql/relay-batch/select-confirmed.js'
import { assignBuckets } from '../sql/relay-shard/assign-buckets.js'
import { confirmRelayShard } from '../sql/relay-shard/confirm.js'
import { retireRelayShards } from '../sql/relay-shard/retire.js'
import { selectShardMap } from '../sql/relay-shard/select-map.js'
import { run, type SqlSession } from '../sql/statement.js'

/** Changes the map in the open transaction of `session`, if everything that it rests on is so. */
export async function changeShards(session: SqlSession, change: ShardMapChange): Promise<boolean> {
  const { closed, snapshot, ranges } = change
  // In the order of their numbers, so that two that change the map wait for each other and never deadlock.
  for (const shard of closed.toSorted((a, b) => a.shard - b.shard)) {
    if (!(await isClosedAt(session, shard, snapshot))) return false
  }
  const numbers = closed.map(({ shard }) => shard)
  const map = await run(session, selectShardMap, null)
  if (map.some(({ shard, buckets }) => buckets !== null && !numbers.includes(shard))) return false
  await run(session, assignBuckets, { ranges, origin: snapshot })
  const retired = { first: ranges.length }
  await run(session, retireRelayShards, retired)
  await run(session, deleteRetiredPauses, retired)
  return true
}

// Locks the shard's row: no guarded transaction of anyone's is under way from here to the end.
async function isClosedAt(session: SqlSession, closed: ClosedShard, snapshot: string): Promise<boolean> {
  const held = await run(session, confirmRelayShard, closed)
  if (held.length === 0) return false
  const batches = await run(session, selectConfirmedRelayBatch, closed.shard)
  return batches.some(({ cursor }) => cursor.until === null && cursor.from === snapshot)
}
