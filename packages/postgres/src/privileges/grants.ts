import { defaultSchema, quoteSchema } from '../schema/schema-name.js'

/** What a role of PostgreSQL does with the tables. One role may have several parts. */
export type RolePart = 'publisher' | 'consumer' | 'caller' | 'relay' | 'operator'

/** Privileges on one thing. */
export interface NeededPrivileges {
  readonly kind: 'schema' | 'table' | 'function'
  /** Without the schema. Of the schema itself: none. */
  readonly name: string
  readonly privileges: readonly string[]
}

/** The least that each part needs beside `USAGE` on the schema, by table. */
const needs: Readonly<
  Record<RolePart, readonly (readonly [privileges: string, tables: readonly string[]])[]>
> = {
  publisher: [['INSERT', ['outbox_message']]],
  consumer: [
    ['SELECT, INSERT, UPDATE', ['inbox_position', 'inbox_topic', 'inbox_claim', 'inbox_retention']],
    ['SELECT, INSERT, DELETE', ['inbox_message']],
    ['SELECT, INSERT, UPDATE, DELETE', ['parked_key', 'parked_message']],
  ],
  caller: [['SELECT, INSERT, UPDATE, DELETE', ['idempotency_key']]],
  relay: [
    ['SELECT, DELETE', ['outbox_message']],
    ['TRUNCATE', ['outbox_message_0', 'outbox_message_1', 'outbox_message_2', 'outbox_message_3']],
    ['SELECT, UPDATE', ['outbox_ring']],
    ['SELECT, INSERT, UPDATE', ['relay_identity', 'relay_shard']],
    ['SELECT, INSERT, DELETE', ['relay_batch']],
    ['SELECT, INSERT, UPDATE, DELETE', ['parked_key', 'parked_message', 'paused_topic']],
  ],
  operator: [
    ['SELECT, DELETE, UPDATE (xid)', ['outbox_message']],
    ['SELECT, INSERT, UPDATE', ['relay_identity', 'relay_shard']],
    ['SELECT, INSERT, DELETE', ['relay_batch']],
    ['SELECT, INSERT, UPDATE, DELETE', ['parked_key', 'parked_message', 'paused_topic']],
  ],
}

// By which a database is told from its copy. PostgreSQL lets every role call it, unless somebody has revoked that.
const readsIdentity: ReadonlySet<RolePart> = new Set<RolePart>(['relay', 'operator'])

/**
 * The statements that give a role the least that its part needs, for whoever owns the tables to run. The role's name is quoted.
 * @throws OPTION_INVALID for a schema whose name is not safe to write.
 */
export function grantsFor(part: RolePart, role: string, schema: string = defaultSchema): string[] {
  const quoted = quoteSchema(schema)
  const to = `"${role.replaceAll('"', '""')}"`
  const list = (tables: readonly string[]): string => tables.map((table) => `${quoted}.${table}`).join(', ')
  return [
    `GRANT USAGE ON SCHEMA ${quoted} TO ${to};`,
    `GRANT SELECT ON ${quoted}.schema_version TO ${to};`,
    ...needs[part].map(([privileges, tables]) => `GRANT ${privileges} ON ${list(tables)} TO ${to};`),
    ...(readsIdentity.has(part) ? [`GRANT EXECUTE ON FUNCTION pg_control_system() TO ${to};`] : []),
  ]
}

/** The least that a part needs, one thing at a time. */
export function privilegesOf(part: RolePart): NeededPrivileges[] {
  const tables = needs[part].flatMap(([privileges, names]) =>
    names.map((name) => ({ kind: 'table' as const, name, privileges: privileges.split(', ') })),
  )
  return [
    { kind: 'schema', name: '', privileges: ['USAGE'] },
    { kind: 'table', name: 'schema_version', privileges: ['SELECT'] },
    ...tables,
    ...(readsIdentity.has(part)
      ? [{ kind: 'function' as const, name: 'pg_control_system()', privileges: ['EXECUTE'] }]
      : []),
  ]
}
