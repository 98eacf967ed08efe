import { type Measures, originCursor, type ShardMeasures, type XidHolder } from '@pigeonhole/core'
import { measureUncoveredMessages } from '../sql/outbox-message/measure-uncovered.js'
import { measureParking } from '../sql/parked-message/measure.js'
import { selectConfirmedRelayBatch } from '../sql/relay-batch/select-confirmed.js'
import { type ShardProgress, selectRelayShards } from '../sql/relay-shard/select-all.js'
import { selectTableSizes } from '../sql/server/select-table-sizes.js'
import { selectXidHolder } from '../sql/server/select-xid-holder.js'
import { run, runForOne, type SqlSession } from '../sql/statement.js'

/** Messages that are counted in each of three places of a shard, and of those that are parked. */
export const measuredRows = 10_000

const allBuckets = { first: 0, last: 255 }

/** What a monitor sees of the outbox at this moment. */
export async function readMeasures(session: SqlSession): Promise<Measures> {
  const shards: ShardMeasures[] = []
  const held = await run(session, selectRelayShards, null)
  for (const shard of held) shards.push(...(await measureShard(session, shard)))
  if (held.length === 0) {
    const params = { cursor: originCursor, buckets: allBuckets, limit: measuredRows }
    shards.push({ shard: null, ...(await runForOne(session, measureUncoveredMessages, params)) })
  }
  const parking = await runForOne(session, measureParking, { limit: measuredRows })
  const tables = await run(session, selectTableSizes, { schema: session.schema })
  return { shards, parking, tables, xidHolder: await readXidHolder(session) }
}

/** Who needs the oldest transaction id in use. */
export async function readXidHolder(session: SqlSession): Promise<XidHolder | null> {
  const [holder = null] = await run(session, selectXidHolder, null)
  return holder
}

async function measureShard(
  session: SqlSession,
  { shard, buckets, origin }: ShardProgress,
): Promise<ShardMeasures[]> {
  if (buckets === null) return []
  const [confirmed] = await run(session, selectConfirmedRelayBatch, shard)
  const cursor = confirmed?.cursor ?? { ...originCursor, from: origin ?? originCursor.from }
  const params = { cursor, buckets, limit: measuredRows }
  return [{ shard, ...(await runForOne(session, measureUncoveredMessages, params)) }]
}
