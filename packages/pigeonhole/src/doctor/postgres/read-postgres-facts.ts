import { postgresStore } from '@pigeonhole/postgres'
import type pg from 'pg'
import { withPool } from '../../command/with-pool.js'
import type {
  ClockOffset,
  ConnectionFacts,
  OutboxSequence,
  PostgresFacts,
  RelayDemands,
  ServerSetting,
  SettingOverride,
} from './postgres-facts.js'
import { probePooler } from './probe-pooler.js'
import { readOutboxFacts } from './read-outbox-facts.js'
import { type AskedRole, readRoleFacts } from './read-role-facts.js'

/** What is asked of a server. */
export interface PostgresQuestion {
  readonly connectionString: string
  readonly schema: string
  /** Where no role is to be the relay, the one that is connected is. */
  readonly roles: readonly AskedRole[]
  readonly relay: RelayDemands
}

const answerMs = 15_000

/** Reads all that is judged. Rejects where the server cannot be reached. */
export async function readPostgresFacts(question: PostgresQuestion): Promise<PostgresFacts> {
  const { connectionString, schema, relay } = question
  // One connection: where each statement may get another session, that is what the pooler does, not we.
  const config = { connectionString, max: 1, application_name: 'pigeonhole doctor', query_timeout: answerMs }
  return await withPool(config, async (pool) => {
    const session = await readSession(pool)
    const roles = question.roles.some(({ part }) => part === 'relay')
      ? question.roles
      : [...question.roles, { part: 'relay' as const, role: session.role }]
    const facts = {
      schema,
      ...session,
      settings: await readSettings(pool),
      overrides: await readOverrides(pool, schema),
      schemaVersion: await readSchemaVersion(pool, schema),
      unloggedTables: await readUnlogged(pool, schema),
      sequence: await readSequence(pool, schema),
      connections: await readConnections(pool),
      clock: await readClock(pool),
      systemIdentifier: await readSystemIdentifier(pool),
      outbox: await readOutboxFacts(pool, schema),
      xidHolder: await postgresStore(pool, { schema }).readXidHolder(),
      relay,
    }
    const roleFacts = []
    for (const asked of roles) roleFacts.push(await readRoleFacts(pool, schema, asked))
    return { ...facts, roles: roleFacts, pooler: await probePooler(connectionString) }
  })
}

type SessionFacts = Pick<PostgresFacts, 'role' | 'database' | 'version' | 'isStandby' | 'seesSessions'>

async function readSession(pool: pg.Pool): Promise<SessionFacts> {
  const row = await one<SessionFacts & { number: number; text: string }>(
    pool,
    `SELECT current_user::text AS role, current_database()::text AS database, pg_is_in_recovery() AS "isStandby",
       current_setting('server_version_num')::int AS number, current_setting('server_version') AS text,
       pg_has_role('pg_read_all_stats', 'USAGE') AS "seesSessions"`,
  )
  const { number, text, ...rest } = row
  return { ...rest, version: { number, text } }
}

async function readSettings(pool: pg.Pool): Promise<Map<string, ServerSetting>> {
  const { rows } = await pool.query<ServerSetting & { name: string }>(
    'SELECT name, setting AS value, source FROM pg_settings',
  )
  return new Map(rows.map(({ name, ...setting }) => [name, setting]))
}

// Of a role that may not even see the tables, nothing matters here: roles are the whole server's.
async function readOverrides(pool: pg.Pool, schema: string): Promise<SettingOverride[]> {
  const { rows } = await pool.query<SettingOverride>(
    `SELECT rolname::text AS role, setdatabase <> 0 AS "isOfDatabase",
       split_part(entry, '=', 1) AS name, substr(entry, strpos(entry, '=') + 1) AS value
     FROM pg_db_role_setting CROSS JOIN unnest(setconfig) AS entry
     LEFT JOIN pg_roles ON pg_roles.oid = setrole
     LEFT JOIN pg_namespace AS namespace ON nspname = $1
     WHERE setdatabase IN (0, (SELECT oid FROM pg_database WHERE datname = current_database()))
       AND (setrole = 0 OR has_schema_privilege(setrole, namespace.oid, 'USAGE'))
     ORDER BY name, role`,
    [schema],
  )
  return rows
}

async function readSchemaVersion(pool: pg.Pool, schema: string): Promise<PostgresFacts['schemaVersion']> {
  const { rows } = await pool.query<{ readable: boolean; name: string }>(
    `SELECT format('%I.%I', nspname, relname) AS name,
       has_schema_privilege(pg_namespace.oid, 'USAGE') AND has_table_privilege(pg_class.oid, 'SELECT') AS readable
     FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
     WHERE nspname = $1 AND relname = 'schema_version'`,
    [schema],
  )
  const [table] = rows
  if (!table) return null
  if (!table.readable) return undefined
  const { version } = await one<{ version: number | null }>(
    pool,
    `SELECT max(version)::int AS version FROM ${table.name}`,
  )
  return version
}

async function readUnlogged(pool: pg.Pool, schema: string): Promise<string[]> {
  const { rows } = await pool.query<{ name: string }>(
    `SELECT relname::text AS name FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
     WHERE nspname = $1 AND relkind = 'r' AND relpersistence = 'u' ORDER BY relname`,
    [schema],
  )
  return rows.map(({ name }) => name)
}

// By what the column depends on: pg_get_serial_sequence asks for privileges.
async function readSequence(pool: pg.Pool, schema: string): Promise<OutboxSequence | null> {
  const { rows } = await pool.query<OutboxSequence>(
    `SELECT seqcache::float8 AS cache, seqincrement::float8 AS increment, seqcycle AS cycles
     FROM pg_class AS relation
     JOIN pg_namespace ON pg_namespace.oid = relnamespace
     JOIN pg_attribute ON attrelid = relation.oid AND attname = 'seq'
     JOIN pg_depend ON refclassid = 'pg_class'::regclass AND refobjid = relation.oid AND refobjsubid = attnum
       AND classid = 'pg_class'::regclass AND deptype IN ('i', 'a')
     JOIN pg_sequence ON seqrelid = objid
     WHERE nspname = $1 AND relname = 'outbox_message'`,
    [schema],
  )
  return rows[0] ?? null
}

// Limits of -1 are none. Places that are kept for superusers are not ours.
async function readConnections(pool: pg.Pool): Promise<ConnectionFacts> {
  return await one<ConnectionFacts>(
    pool,
    `WITH sessions AS (
       SELECT datname, usename FROM pg_stat_activity WHERE backend_type = 'client backend'
     ), limits AS (
       SELECT 'server' AS "limitedBy", current_setting('max_connections')::int
           - current_setting('superuser_reserved_connections')::int
           - coalesce(current_setting('reserved_connections', true), '0')::int AS limit,
         (SELECT count(*) FROM sessions)::int AS used
       UNION ALL
       SELECT 'database', datconnlimit,
         (SELECT count(*) FROM sessions WHERE sessions.datname = current_database())::int
       FROM pg_database WHERE datname = current_database() AND datconnlimit >= 0
       UNION ALL
       SELECT 'role', rolconnlimit, (SELECT count(*) FROM sessions WHERE usename = current_user)::int
       FROM pg_roles WHERE rolname = current_user AND rolconnlimit >= 0
     )
     SELECT "limitedBy", limits.limit, used FROM limits ORDER BY limits.limit - used LIMIT 1`,
  )
}

const clockReadings = 5

// The reading that came back soonest is the best one: the server read its clock somewhere between the question and the answer.
async function readClock(pool: pg.Pool): Promise<ClockOffset> {
  const readings: ClockOffset[] = []
  for (let reading = 0; reading < clockReadings; reading += 1) {
    const asked = Date.now()
    const { now } = await one<{ now: number }>(
      pool,
      'SELECT (extract(epoch FROM clock_timestamp()) * 1000)::float8 AS now',
    )
    const answered = Date.now()
    readings.push({ ms: now - (asked + answered) / 2, uncertaintyMs: (answered - asked) / 2 + 1 })
  }
  return readings.reduce((best, it) => (it.uncertaintyMs < best.uncertaintyMs ? it : best))
}

async function readSystemIdentifier(pool: pg.Pool): Promise<string | undefined> {
  const { allowed } = await one<{ allowed: boolean }>(
    pool,
    `SELECT has_function_privilege('pg_control_system()', 'EXECUTE') AS allowed`,
  )
  if (!allowed) return undefined
  const { id } = await one<{ id: string }>(
    pool,
    'SELECT system_identifier::text AS id FROM pg_control_system()',
  )
  return id
}

async function one<R extends object>(pool: pg.Pool, text: string): Promise<R> {
  const { rows } = await pool.query(text)
  return rows[0] as R
}
