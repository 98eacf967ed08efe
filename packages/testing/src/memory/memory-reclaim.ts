import type { Cleaning, Reclaimed } from '@pigeonhole/core'
import { allBuckets, type MemoryDatabase, type ShardEntry } from './memory-database.js'
import { sizeOf } from './memory-size.js'
import type { MemoryTransaction } from './memory-transaction.js'

/** Empties what is covered by the confirmed batch of every shard, and turns the ring, as PostgreSQL's store does. */
export function reclaim(database: MemoryDatabase, tx: MemoryTransaction, cleaning: Cleaning): Reclaimed {
  const { slot: current, closedAt } = database.ring
  const now = performance.now()
  const isOld = (closed: number | null): boolean => closed === null || now - closed >= cleaning.retentionMs
  const truncated = closedAt.flatMap((closed, slot) => {
    const isDue = slot !== current && isOld(closed) && isCovered(database, slot)
    return isDue && truncate(database, tx, slot) > 0 ? [slot] : []
  })
  const isKept = database.outbox
    .rows(tx)
    .some(({ slot }) => slot !== current && isOld(closedAt[slot] ?? null))
  const unsettled = isKept ? unsettledShards(database) : []
  return { truncated, held: [], unsettled, turned: turn(database, tx, cleaning) }
}

function unsettledShards(database: MemoryDatabase): number[] {
  const unsettled = database.shardMap().filter((entry) => entry.buckets !== null && !isAgreed(entry))
  return unsettled.map(({ shard }) => shard)
}

function isAgreed({ token, agreed }: ShardEntry): boolean {
  return token !== null && token === agreed
}

function isCovered(database: MemoryDatabase, slot: number): boolean {
  const map = database.shardMap().filter(isAgreed)
  const owned = map.reduce((sum, { buckets }) => sum + (buckets ? buckets.last - buckets.first + 1 : 0), 0)
  if (owned <= allBuckets.last) return false
  return map.every(({ shard, buckets }) => {
    if (buckets === null) return true
    const cursor = database.confirmedCursor(shard)
    return cursor !== null && database.uncovered(buckets, cursor).every((entry) => entry.slot !== slot)
  })
}

function truncate(database: MemoryDatabase, tx: MemoryTransaction, slot: number): number {
  const rows = database.outbox.rows().filter((entry) => entry.slot === slot)
  for (const { row } of rows) database.outbox.set(tx, row.seq, undefined)
  return rows.length
}

function turn(
  database: MemoryDatabase,
  tx: MemoryTransaction,
  { retentionMs, partitionBytes, partitionMs }: Cleaning,
): boolean {
  const { slot, openedAt, closedAt } = database.ring
  const rows = database.outbox.rows(tx)
  const now = performance.now()
  const used = rows.filter((entry) => entry.slot === slot)
  const bytes = used.reduce((sum, { row }) => sum + sizeOf(row), 0)
  const next = closedAt.findIndex((_, at) => at !== slot && !rows.some((entry) => entry.slot === at))
  const age = now - openedAt
  if (next === -1 || used.length === 0 || age < retentionMs / 2) return false
  if (age < partitionMs && bytes < partitionBytes) return false
  database.ringRow.set(tx, 'ring', { slot: next, openedAt: now, closedAt: closedAt.with(slot, now) })
  return true
}
