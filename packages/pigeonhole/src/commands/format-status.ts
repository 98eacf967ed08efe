import type { OutboxStatus, ShardStatus } from '@pigeonhole/core'

/** The status as people read it. */
export function formatStatus({ identity, shards, pending, oldestAgeSeconds }: OutboxStatus): string {
  const relay = identity
    ? `relay ${identity.relay}, Kafka cluster ${identity.clusterId}, PostgreSQL system ${identity.systemIdentifier}`
    : 'no relay has opened this outbox yet'
  const oldest = oldestAgeSeconds === null ? '' : `, the oldest for ${formatAge(oldestAgeSeconds)}`
  const rows = shards.map(shardRow)
  const lines = [relay, `${pending} messages pending${oldest}`]
  if (rows.length > 0) lines.push('', ...table(['shard', 'buckets', 'pending', 'confirmed', 'holder'], rows))
  return `${lines.join('\n')}\n`
}

function shardRow({ shard, buckets, pending, confirmed, holder }: ShardStatus): string[] {
  const owned = buckets ? `${buckets.first}-${buckets.last}` : 'retired'
  return [`${shard}`, owned, `${pending}`, `${confirmed}`, holder ?? '-']
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const widths = head.map((title, column) =>
    Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)),
  )
  return [head, ...rows].map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  )
}

function formatAge(seconds: number): string {
  if (seconds < 60) return `${seconds.toFixed(1)} s`
  const minutes = Math.floor(seconds / 60)
  return minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`
}
