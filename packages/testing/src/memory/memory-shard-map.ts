import type { ShardMapChange } from '@pigeonhole/core'
import { freshLease, type MemoryDatabase, shardRow } from './memory-database.js'
import type { MemoryTransaction } from './memory-transaction.js'

interface ChangeShards {
  readonly tx: MemoryTransaction
  readonly change: ShardMapChange
}

/** Changes the map of shards in `tx`, if everything that it rests on is so. */
export async function changeShards(database: MemoryDatabase, { tx, change }: ChangeShards): Promise<boolean> {
  const { closed, snapshot, ranges } = change
  for (const { shard, token, confirmed } of closed.toSorted((a, b) => a.shard - b.shard)) {
    await database.locks.acquire(tx, shardRow(shard))
    const entry = database.shards.get(String(shard))
    const cursor = database.batchesOf(shard).find(({ number }) => number === confirmed)?.cursor
    if (entry?.token !== token || cursor?.from !== snapshot || cursor.until !== null) return false
    database.shards.set(tx, String(shard), { ...entry, confirmed: Math.max(entry.confirmed, confirmed) })
  }
  const numbers = closed.map(({ shard }) => shard)
  const map = database.shards.rows(tx)
  if (map.some(({ shard, buckets }) => buckets !== null && !numbers.includes(shard))) return false
  for (const [shard, buckets] of ranges.entries()) {
    const entry = database.shards.get(String(shard), tx) ?? { ...freshLease, shard, origin: snapshot }
    database.shards.set(tx, String(shard), { ...entry, buckets })
  }
  for (const entry of map)
    if (entry.shard >= ranges.length)
      database.shards.set(tx, String(entry.shard), { ...entry, buckets: null })
  for (const { shard, topic } of database.pausedTopics.rows(tx))
    if (shard >= ranges.length) database.pausedTopics.set(tx, `${shard}/${topic}`, undefined)
  return true
}
