import { type Cleaning, type Cursor, isPigeonholeError, type Reclaimed } from '@pigeonhole/core'
import { existsUncoveredMessageInSlot } from '../sql/outbox-message/exists-uncovered-in-slot.js'
import { lockPartition } from '../sql/outbox-partition/lock.js'
import { type OutboxPartition, selectPartitions } from '../sql/outbox-partition/select-all.js'
import { truncatePartition } from '../sql/outbox-partition/truncate.js'
import { turnOutboxRing } from '../sql/outbox-ring/turn.js'
import { selectConfirmedRelayBatch } from '../sql/relay-batch/select-confirmed.js'
import { selectAgreedShards } from '../sql/relay-shard/select-agreed.js'
import { selectUnsettledShards } from '../sql/relay-shard/select-unsettled.js'
import { setForCleaning } from '../sql/server/set-cleaning.js'
import { run, runForOne, type SqlSession } from '../sql/statement.js'

const bucketCount = 256

/** Truncates the partitions of which everything is confirmed, and turns the ring when that is due (decision 015). */
export async function reclaim(session: SqlSession, cleaning: Cleaning): Promise<Reclaimed> {
  await run(session, setForCleaning, null)
  const slots: Record<Outcome, number[]> = { truncated: [], kept: [], held: [] }
  for (const { slot } of await truncatable(session, cleaning))
    slots[await truncate(session, slot, cleaning)].push(slot)
  const { truncated, kept, held } = slots
  const unsettled = kept.length > 0 ? await run(session, selectUnsettledShards, null) : []
  return { truncated, held, unsettled, turned: await turn(session, cleaning) }
}

async function truncatable(
  session: SqlSession,
  { retentionMs }: Cleaning,
): Promise<readonly OutboxPartition[]> {
  const partitions = await run(session, selectPartitions, null)
  return partitions.filter(
    ({ isCurrent, isEmpty, ageMs }) => !isCurrent && !isEmpty && (ageMs === null || ageMs >= retentionMs),
  )
}

type Outcome = 'truncated' | 'kept' | 'held'

// Looked at twice: first so that nobody waits for a lock in vain; then, under the lock, in statements that see what was
// committed before it was given.
async function truncate(session: SqlSession, slot: number, cleaning: Cleaning): Promise<Outcome> {
  if (!(await isPublished(session, slot))) return 'kept'
  await session.executor.query('SAVEPOINT partition', [])
  try {
    await run(session, lockPartition(slot), null)
  } catch (error) {
    // Another lock of the outbox is a matter of waiting; nothing but that is passed over.
    if (!isPigeonholeError(error, 'STORE_CONFLICT')) throw error
    await session.executor.query('ROLLBACK TO SAVEPOINT partition', [])
    return 'held'
  }
  const isStill = (await truncatable(session, cleaning)).some((partition) => partition.slot === slot)
  const isCovered = isStill && (await isPublished(session, slot))
  if (isCovered) await run(session, truncatePartition(slot), null)
  // Gives the lock back where nothing was done.
  await session.executor.query(
    isCovered ? 'RELEASE SAVEPOINT partition' : 'ROLLBACK TO SAVEPOINT partition',
    [],
  )
  return isCovered ? 'truncated' : 'kept'
}

// By the confirmed cursor of every shard. One that has none yet covers nothing, nor does one of which nobody knows whether
// Kafka still has what it confirmed. What no shard owns is covered by none.
async function isPublished(session: SqlSession, slot: number): Promise<boolean> {
  const shards = await run(session, selectAgreedShards, null)
  const owned = shards.reduce((sum, { buckets }) => sum + (buckets ? buckets.last - buckets.first + 1 : 0), 0)
  if (owned < bucketCount) return false
  for (const { shard, buckets } of shards) {
    if (buckets === null) continue
    const [confirmed] = await run(session, selectConfirmedRelayBatch, shard)
    const cursor: Cursor | undefined = confirmed?.cursor
    if (!cursor) return false
    if (await runForOne(session, existsUncoveredMessageInSlot, { slot, cursor, buckets })) return false
  }
  return true
}

// Retention by few partitions: the longer it is, the more each of them takes, so that there is always one to go on with.
async function turn(
  session: SqlSession,
  { retentionMs, partitionBytes, partitionMs }: Cleaning,
): Promise<boolean> {
  const partitions = await run(session, selectPartitions, null)
  const current = partitions.find(({ isCurrent }) => isCurrent)
  const next = partitions.find(({ isCurrent, isEmpty }) => !isCurrent && isEmpty)
  if (!current || !next || current.isEmpty) return false
  const age = current.ageMs ?? 0
  if (age < retentionMs / 2 || (age < partitionMs && current.bytes < partitionBytes)) return false
  await run(session, turnOutboxRing, next.slot)
  return true
}
