import { type OutboxStatus, originCursor, type ParkingStatus, type ShardStatus } from '@pigeonhole/core'
import { summariseUncoveredMessages } from '../sql/outbox-message/summarise-uncovered.js'
import { countParked } from '../sql/parked-message/count.js'
import { selectPausedTopics } from '../sql/paused-topic/select-all.js'
import { selectConfirmedRelayBatch } from '../sql/relay-batch/select-confirmed.js'
import { selectRelayIdentity } from '../sql/relay-identity/select.js'
import { type ShardProgress, selectRelayShards } from '../sql/relay-shard/select-all.js'
import { run, runForOne, type SqlSession } from '../sql/statement.js'

const allBuckets = { first: 0, last: 255 }

/** The outbox as `status` shows it. */
export async function readStatus(session: SqlSession): Promise<OutboxStatus> {
  const [identity = null] = await run(session, selectRelayIdentity, null)
  const shards: ShardStatus[] = []
  for (const held of await run(session, selectRelayShards, null)) {
    const { shard, buckets, holder, confirmed } = held
    shards.push({ shard, buckets, holder, confirmed, ...(await readPending(session, held)) })
  }
  const pending = shards.length > 0 ? total(shards) : await readUnmapped(session)
  return { identity, shards, ...pending, parking: await readParkingStatus(session) }
}

type Pending = Pick<ShardStatus, 'pending' | 'oldestAgeSeconds'>

async function readPending(session: SqlSession, { shard, buckets, origin }: ShardProgress): Promise<Pending> {
  if (buckets === null) return { pending: 0, oldestAgeSeconds: null }
  const [confirmed] = await run(session, selectConfirmedRelayBatch, shard)
  const cursor = confirmed?.cursor ?? { ...originCursor, from: origin ?? originCursor.from }
  return runForOne(session, summariseUncoveredMessages, { cursor, buckets })
}

// No relay has been started yet.
function readUnmapped(session: SqlSession): Promise<Pending> {
  return runForOne(session, summariseUncoveredMessages, { cursor: originCursor, buckets: allBuckets })
}

function total(shards: readonly ShardStatus[]): Pending {
  const ages = shards.flatMap(({ oldestAgeSeconds }) => oldestAgeSeconds ?? [])
  return {
    pending: shards.reduce((sum, { pending }) => sum + pending, 0),
    oldestAgeSeconds: ages.length === 0 ? null : Math.max(...ages),
  }
}

async function readParkingStatus(session: SqlSession): Promise<ParkingStatus> {
  const counts = await runForOne(session, countParked, null)
  return { ...counts, pausedTopics: await run(session, selectPausedTopics, null) }
}
