import type { RolePart } from './postgres-facts.js'

/** Privileges on one table, function or schema. */
export interface Privilege {
  readonly kind: 'schema' | 'table' | 'function'
  readonly name: string
  readonly privileges: readonly string[]
}

const common: readonly Privilege[] = [
  { kind: 'schema', name: '', privileges: ['USAGE'] },
  table('schema_version', 'SELECT'),
]
const parked = ['parked_key', 'parked_message', 'paused_topic'].map((name) =>
  table(name, 'SELECT', 'INSERT', 'UPDATE', 'DELETE'),
)
const relayTables = [
  table('relay_identity', 'SELECT', 'INSERT', 'UPDATE'),
  table('relay_shard', 'SELECT', 'INSERT', 'UPDATE'),
  table('relay_batch', 'SELECT', 'INSERT', 'DELETE'),
  ...parked,
  { kind: 'function', name: 'pg_control_system()', privileges: ['EXECUTE'] },
] as const
const partitions = [0, 1, 2, 3].map((slot) => table(`outbox_message_${slot}`, 'TRUNCATE'))

/** What each part needs, as docs/privileges.md grants it. The owner needs to own. */
export const neededPrivileges: Readonly<Record<Exclude<RolePart, 'owner'>, readonly Privilege[]>> = {
  publisher: [...common, table('outbox_message', 'INSERT')],
  consumer: [
    ...common,
    table('inbox_position', 'SELECT', 'INSERT', 'UPDATE'),
    table('inbox_topic', 'SELECT', 'INSERT', 'UPDATE'),
    table('inbox_claim', 'SELECT', 'INSERT', 'UPDATE'),
    table('inbox_message', 'SELECT', 'INSERT', 'DELETE'),
    table('inbox_retention', 'SELECT', 'INSERT', 'UPDATE'),
    table('parked_key', 'SELECT', 'INSERT', 'UPDATE', 'DELETE'),
    table('parked_message', 'SELECT', 'INSERT', 'UPDATE', 'DELETE'),
  ],
  caller: [...common, table('idempotency_key', 'SELECT', 'INSERT', 'UPDATE', 'DELETE')],
  relay: [
    ...common,
    table('outbox_message', 'SELECT', 'DELETE'),
    ...partitions,
    table('outbox_ring', 'SELECT', 'UPDATE'),
    ...relayTables,
  ],
  operator: [...common, table('outbox_message', 'SELECT', 'DELETE', 'UPDATE (xid)'), ...relayTables],
}

/** The parts that a role can have. */
export const roleParts: readonly RolePart[] = [
  'owner',
  'relay',
  'publisher',
  'consumer',
  'caller',
  'operator',
]

function table(name: string, ...privileges: readonly string[]): Privilege {
  return { kind: 'table', name, privileges }
}
