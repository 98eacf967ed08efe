import type { Adoption, AdoptionReport, AdoptionShard, OutboxFate, RelayIdentity } from '@pigeonhole/core'
import { table } from './table.js'

/** Both sides as people read them, and what would become of the messages. */
export function formatReport(report: AdoptionReport): string {
  const { recorded, found, keepCursor, shards } = report
  const identities = table(
    ['', 'relay', 'Kafka cluster', 'PostgreSQL system'],
    [identityRow('recorded', recorded), identityRow('found', found)],
  )
  const what = keepCursor
    ? ['The identity becomes what was found. The relay goes on where it was, message for message.']
    : ['The relays are fenced, and both sides go on from a new batch.']
  const lines = [...identities, '', ...shards.flatMap(shardLines), ...what, ...hint(report), ...warning]
  return `${lines.join('\n')}\n`
}

// A move with its transaction ids, or another name: what the log has of each message need not be asked.
function hint({ recorded, found, keepCursor, shards }: AdoptionReport): string[] {
  const isMoved = recorded !== null && recorded.clusterId === found.clusterId
  const isIdentity = ({ divergence, xidAhead }: AdoptionShard): boolean =>
    divergence?.code === 'RELAY_IDENTITY_CHANGED' && xidAhead === null
  if (keepCursor || !isMoved || !shards.every(isIdentity)) return []
  return [
    'After pg_upgrade, or where nothing but the name of the relay has changed: say no, and run it with --keep-cursor.',
  ]
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
    ...(outbox ? ['  Outbox', ...fateLines(outbox)] : []),
    '',
  ]
}

function formatXids({ xidAhead, serverXid }: AdoptionShard): string {
  const ahead = xidAhead === null ? '' : `, ${xidAhead} is recorded`
  return `the server is at transaction ${serverXid}${ahead}`
}

function fateLines(fate: OutboxFate): string[] {
  const rows: readonly [number, string][] = [
    [fate.logged, 'are in the log: they go from the outbox'],
    [
      fate.coveredByCursor,
      'the log cannot tell of, and the recorded cursor has them sent: they go from the outbox',
    ],
    [fate.absent, 'were never sent to this log: they are sent next'],
    [
      fate.beyondCursor,
      'the log cannot tell of, and the recorded cursor has them unsent: they are sent next',
    ],
    [
      fate.superseded,
      'are not in the compacted log, and a later one of their key is: they go from the outbox',
    ],
    [
      fate.undecided,
      'the compacted log cannot tell of, as a record of their key may have taken their place: with --undecided send they ' +
        'are sent next, behind that record; with --undecided drop they go from the outbox',
    ],
    [fate.parkedLogged, 'are parked, and in the log: they are parked no longer'],
  ]
  const there = rows.filter(([count]) => count > 0)
  if (there.length === 0) return ['    nothing is left in it']
  return there.map(([count, what]) => `  ${String(count).padStart(10)}  ${what}`)
}

/** What an adoption came to, in a line. */
export function formatAdopted({ outcome, adopted }: Adoption): string {
  if (outcome === 'agreed') return 'Database and Kafka agree: there is nothing to adopt.\n'
  if (outcome !== 'adopted') return ''
  const shards = adopted.map(({ shard, batch }) => `shard ${shard} goes on from batch ${batch}`)
  return `Adopted: ${shards.join(', ')}. Restart the workers that have halted.\n`
}
