import { assertKnownOptions, PigeonholeError } from '@pigeonhole/core'
import pg from 'pg'
import { driverError } from '../errors/driver-error.js'
import { defaultSchema, quoteSchema } from '../schema/schema-name.js'
import { type Migration, renderMigrations } from './render.js'

/** What {@link migrate} takes: a pool or the URL of a database. */
export type MigrateOptions = ({ readonly pool: pg.Pool } | { readonly connectionString: string }) & {
  /**
   * PostgreSQL schema of Pigeonhole's tables; made if it is not there.
   * @default 'pigeonhole'
   */
  readonly schema?: string
  /**
   * Told the name of each migration that is about to run, in the transaction that commits all of them; again where a deadlock has
   * undone it. What it throws ends them.
   * @default none
   */
  readonly onMigration?: (name: string) => void
}

/** What {@link migrate} did. */
export interface MigrateResult {
  /** The names of the migrations that were run; none when the tables were up to date. */
  readonly applied: readonly string[]
  /** The version of the tables now. */
  readonly version: number
}

/**
 * Brings Pigeonhole's tables up to date, for projects without Prisma, in one transaction: all of it or nothing. The tables
 * are those of `prisma migrate deploy`, and either may run after the other: a migration that has run, whoever ran it, is
 * in the tables' own ledger and is passed over here, and Prisma runs over it without changing anything.
 * Where it meets relays or consumers at work in a deadlock, and PostgreSQL ends it, it runs anew, five times at most.
 * @throws MIGRATION_CONFLICT when the ledger has another migration in place of one of these.
 * @throws STORE_CONFLICT when somebody holds a lock for 30 seconds, or the fifth deadlock ends it.
 * @throws OPTION_INVALID, STORE_UNAVAILABLE, STORE_ACCESS_DENIED, STORE_STANDBY
 */
export async function migrate(options: MigrateOptions): Promise<MigrateResult> {
  assertKnownOptions('migrate', options, ['pool', 'connectionString', 'schema', 'onMigration'])
  const { schema = defaultSchema, onMigration } = options
  const migrations = await renderMigrations(schema)
  const client = await openClient(options, schema)
  try {
    return await runThroughDeadlocks(client.pg, { schema, migrations, onMigration })
  } catch (error) {
    throw driverError(error, schema) ?? error
  } finally {
    await client.close()
  }
}

interface OpenClient {
  readonly pg: pg.ClientBase
  close(): Promise<void> | void
}

// A server that goes away fails the statement under way. Without a listener it would end the process besides.
const survive = (): void => undefined

async function openClient(options: MigrateOptions, schema: string): Promise<OpenClient> {
  try {
    if ('pool' in options) {
      const client = await options.pool.connect()
      client.on('error', survive)
      return {
        pg: client,
        close: () => {
          client.off('error', survive)
          client.release()
        },
      }
    }
    const client = new pg.Client({ connectionString: options.connectionString })
    client.on('error', survive)
    await client.connect()
    return { pg: client, close: () => client.end() }
  } catch (error) {
    throw driverError(error, schema) ?? error
  }
}

// The lock that Prisma takes while it migrates: neither runs beside the other. Held by the transaction, not by the
// session, so that it also works through PgBouncer, where Prisma's own may stay behind: hence the limit.
const prismaMigrateLock = 72707369
const lockTimeout = '30s'

interface Wanted {
  readonly schema: string
  readonly migrations: readonly Migration[]
  readonly onMigration: MigrateOptions['onMigration']
}

// Migrations lock tables in their order, relays and consumers at work in others, and PostgreSQL ends one of those that meet.
const deadlockDetected = '40P01'
const mostAttempts = 5

async function runThroughDeadlocks(client: pg.ClientBase, wanted: Wanted): Promise<MigrateResult> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await runMigrations(client, wanted)
    } catch (error) {
      if (attempt === mostAttempts || (error as { code?: unknown }).code !== deadlockDetected) throw error
    }
  }
}

async function runMigrations(
  client: pg.ClientBase,
  { schema, migrations, onMigration }: Wanted,
): Promise<MigrateResult> {
  try {
    await client.query(`BEGIN READ WRITE; SET LOCAL lock_timeout = '${lockTimeout}'`)
    await client.query('SELECT pg_advisory_xact_lock($1)', [prismaMigrateLock])
    const recorded = await readLedger(client, schema)
    const missing = migrations.filter((migration) => !isRecorded(recorded, migration))
    for (const { name, sql } of missing) {
      onMigration?.(name)
      await client.query(sql)
    }
    await client.query('COMMIT')
    return {
      applied: missing.map(({ name }) => name),
      version: Math.max(migrations.length, ...recorded.keys()),
    }
  } catch (error) {
    // Its own failure would hide why.
    await client.query('ROLLBACK').catch(() => undefined)
    throw error
  }
}

async function readLedger(client: pg.ClientBase, schema: string): Promise<Map<number, string>> {
  const ledger = `${quoteSchema(schema)}.schema_version`
  const { rows: found } = await client.query<{ there: boolean }>(
    'SELECT to_regclass($1) IS NOT NULL AS there',
    [ledger],
  )
  if (!found[0]?.there) return new Map()
  const text = `SELECT version::text AS version, migration FROM ${ledger}`
  const { rows } = await client.query<{ version: string; migration: string }>(text)
  return new Map(rows.map(({ version, migration }) => [Number(version), migration]))
}

function isRecorded(ledger: ReadonlyMap<number, string>, { version, name }: Migration): boolean {
  const recorded = ledger.get(version)
  if (recorded === undefined || recorded === name) return recorded !== undefined
  throw new PigeonholeError('MIGRATION_CONFLICT', {
    message:
      `The tables' ledger has migration "${recorded}" as version ${version}, and this release has "${name}": these are ` +
      'not tables of this project, or their ledger was written by hand. Choose another schema, or mend schema_version',
    details: { migration: name },
  })
}
