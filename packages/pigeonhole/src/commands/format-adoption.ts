import type { Adoption, AdoptionReport, AdoptionShard, OutboxFate, RelayIdentity } from '@pigeonhole/core'
import { table } from './table.js'

/** Both sides as people read them, and what would become of the messages. */
export function formatReport({ recorded, found, keepCursor, shards }: AdoptionReport): string {
  const identities = table(
    ['', 'relay', 'Kafka cluster', 'PostgreSQL system'],
    [identityRow('recorded', recorded), identityRow('found', found)],
  )
  const what = keepCursor
    ? ['The identity becomes what was found. The relay goes on where it was, message for message.']
    : ['The relays are fenced, and both sides go on from a new batch.']
  const lines = [...identities, '', ...shards.flatMap(shardLines), ...what, ...warning]
  return `${lines.join('\n')}\n`
}

const warning = [
  'Run it where the outbox lives on, never on a copy beside the original. It may be ended and run again at any time.',
]

function identityRow(title: string, identity: RelayIdentity | null): string[] {
  if (!identity) return [title, '-', '-', '-']
  return [title, identity.relay, identity.clusterId, identity.systemIdentifier]
}

function shardLines(shown: AdoptionShard): string[] {
  const { shard, divergence, confirmed, batches, checkpoint, outbox } = shown
  const last = batches.length === 0 ? 'none' : `${batches[0]} to ${batches.at(-1)}`
  return [
    `shard ${shard}: ${divergence ? divergence.code : 'both sides agree'}`,
    ...(divergence ? [`  ${divergence.message}`] : []),
    `  PostgreSQL  confirmed ${confirmed}, batches ${last}; ${formatXids(shown)}`,
    `  Kafka       ${checkpoint ? `batch ${checkpoint.number}` : 'no checkpoint'}`,
    ...(outbox ? fateLines(outbox) : []),
    '',
  ]
}

function formatXids({ xidAhead, serverXid }: AdoptionShard): string {
  const ahead = xidAhead === null ? '' : `, ${xidAhead} is recorded`
  return `the server is at transaction ${serverXid}${ahead}`
}

function fateLines(fate: OutboxFate): string[] {
  const rows: readonly [number, string][] = [
    [fate.logged, 'messages of the outbox are in the log: deleted from the outbox'],
    [
      fate.coveredByCursor,
      'that the log cannot tell of were sent by the recorded cursor: deleted from the outbox',
    ],
    [fate.absent, 'were never sent to this log: sent'],
    [fate.beyondCursor, 'that the log cannot tell of were not sent by the recorded cursor: sent'],
    [fate.parkedLogged, 'parked messages are in the log: no longer parked'],
  ]
  return rows.map(([count, what]) => `  ${String(count).padStart(10)}  ${what}`)
}

/** What an adoption came to, in a line. */
export function formatAdopted({ outcome, adopted }: Adoption): string {
  if (outcome === 'agreed') return 'Database and Kafka agree: there is nothing to adopt.\n'
  if (outcome === 'declined') return ''
  const shards = adopted.map(({ shard, batch }) => `shard ${shard} goes on from batch ${batch}`)
  return `Adopted: ${shards.join(', ')}. Restart the workers that have halted.\n`
}
