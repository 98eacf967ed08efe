import type { OutboxStatus, ParkingStatus, ShardStatus } from '@pigeonhole/core'
import { table } from './table.js'

/** The status as people read it. */
export function formatStatus({ identity, shards, pending, oldestAgeSeconds, parking }: OutboxStatus): string {
  const relay = identity
    ? `relay ${identity.relay}, Kafka cluster ${identity.clusterId}, PostgreSQL system ${identity.systemIdentifier}`
    : 'no relay has opened this outbox yet'
  const oldest = oldestAgeSeconds === null ? '' : `, the oldest for ${formatAge(oldestAgeSeconds)}`
  const rows = shards.map(shardRow)
  const lines = [relay, `${pending} messages pending${oldest}`, ...formatParking(parking)]
  if (rows.length > 0) lines.push('', ...table(['shard', 'buckets', 'pending', 'confirmed', 'holder'], rows))
  return `${lines.join('\n')}\n`
}

function shardRow({ shard, buckets, pending, confirmed, holder }: ShardStatus): string[] {
  const owned = buckets ? `${buckets.first}-${buckets.last}` : 'retired'
  return [`${shard}`, owned, `${pending}`, `${confirmed}`, holder ?? '-']
}

function formatParking({ keys, messages, pausedTopics }: ParkingStatus): string[] {
  const parked = `${messages} messages parked, ${keys} keys blocked: pigeonhole parked list`
  return [
    ...(messages + keys > 0 ? [parked] : []),
    ...pausedTopics.map(
      ({ topic, errorCode, retryAt }) => `topic ${topic} is paused (${errorCode}) until ${retryAt}`,
    ),
  ]
}

function formatAge(seconds: number): string {
  if (seconds < 60) return `${seconds.toFixed(1)} s`
  const minutes = Math.floor(seconds / 60)
  return minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`
}
