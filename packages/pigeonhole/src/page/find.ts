import { isPigeonholeError, type ParkedGroup, type ShardStatus } from '@pigeonhole/core'
import type { PostgresStore, ReportedShard } from '@pigeonhole/postgres'
import { formatXidHolder } from '../commands/format-xid-holder.js'
import { formatKey } from '../commands/parked/format-parked.js'
import { faultsOf } from '../commands/status-faults.js'
import type { Found, FoundError, FoundParked, FoundShard } from './browser/page-state.js'
import { type Privacy, troubleReported, withPrivacy } from './trouble.js'

/** What the page reads of the database. */
export type PageStore = Pick<
  PostgresStore,
  'readStatus' | 'readShardReports' | 'readXidHolder' | 'listParking' | 'listInboxParking' | 'listPositions'
>

/** Most lines of what is parked. */
const shownGroups = 200

/**
 * Reads what the commands `status`, `parked list` and `inbox positions` read, one after the other: a relay needs the
 * pool's other connections.
 */
export async function find(store: PageStore, privacy: Privacy): Promise<Found> {
  const outbox = await store.readStatus()
  const reports = await store.readShardReports()
  const holder = await store.readXidHolder()
  const positions = await store.listPositions().catch(nullWhereDenied)
  const groups = (await store.listParking()).map(parkedOf(null, privacy))
  for (const inbox of new Set(positions?.map((position) => position.inbox)))
    groups.push(...(await store.listInboxParking(inbox)).map(parkedOf(inbox, privacy)))
  return {
    at: Date.now(),
    pending: outbox.pending,
    oldestAgeSeconds: outbox.oldestAgeSeconds,
    faults: faultsOf(outbox),
    sent: reports.reduce((sum, { sent }) => sum + sent, 0),
    shards: outbox.shards.map(shardOf),
    errors: reports.flatMap(errorOf(privacy)),
    holder: formatXidHolder(holder).trim(),
    parked: groups.slice(0, shownGroups),
    moreParked: Math.max(0, groups.length - shownGroups),
    positions:
      positions?.map(({ nextOffset, ...place }) => ({ ...place, nextOffset: String(nextOffset) })) ?? null,
  }
}

// A role that has no more than a relay needs reads nothing of inboxes.
function nullWhereDenied(error: unknown): null {
  if (isPigeonholeError(error, 'STORE_ACCESS_DENIED')) return null
  throw error
}

function errorOf(privacy: Privacy): (report: ReportedShard) => FoundError[] {
  return ({ shard, error }) => {
    if (!error) return []
    const { at, worker } = error
    return [{ shard, at: Date.parse(at), worker, ...withPrivacy(troubleReported(error), privacy) }]
  }
}

function shardOf({ shard, buckets, holder, pending, confirmed }: ShardStatus): FoundShard {
  const owned = buckets ? `${buckets.first}-${buckets.last}` : 'retired'
  return { shard, buckets: owned, holder, pending, confirmed }
}

function parkedOf(inbox: string | null, privacy: Privacy): (group: ParkedGroup) => FoundParked {
  return ({ kind, topic, key, id, messages, attempts, since, retryAt, errorCode, error }) => {
    const ref = kind === 'topic' || id === null ? null : { inbox, id }
    const counted = { ref, side: inbox ?? 'outbox', kind, topic, messages, attempts, since, retryAt }
    if (privacy === 'codes') return { ...counted, key: key ? 'hidden' : '-', why: errorCode ?? 'hidden' }
    return { ...counted, key: formatKey(key), why: errorCode === null ? error : `${errorCode}: ${error}` }
  }
}
