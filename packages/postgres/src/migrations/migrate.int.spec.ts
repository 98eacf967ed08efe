import pg from 'pg'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { requiredSchemaVersion } from '../schema/check-schema-version.js'
import { SpecDatabase } from '../spec-database.fake.js'
import { migrate } from './migrate.js'
import { renderMigrations } from './render.js'

let database: SpecDatabase

beforeAll(async () => {
  database = await SpecDatabase.create({ tables: false })
})
afterAll(() => database.drop())

async function ledgerOf(schema: string): Promise<unknown[]> {
  const { rows } = await database.pool.query(
    `SELECT version, migration FROM ${schema}.schema_version ORDER BY version`,
  )
  return rows
}

const names = (await renderMigrations()).map(({ name }) => name)
const ledger = names.map((migration, index) => ({ version: index + 1, migration }))

it('makes the tables once, through a pool or a URL', async () => {
  expect(await migrate({ pool: database.pool })).toEqual({ applied: names, version: names.length })
  expect(await migrate({ pool: database.pool })).toEqual({ applied: [], version: names.length })
  expect(await migrate({ connectionString: database.url })).toEqual({ applied: [], version: names.length })
  expect(await ledgerOf('pigeonhole')).toEqual(ledger)
  expect(names.length).toBe(requiredSchemaVersion)
})

it('tells of each before it runs, and runs none where that throws', async () => {
  const told: string[] = []
  const onMigration = (name: string) => {
    if (name === names[2]) throw new Error('enough')
    told.push(name)
  }
  const migrating = migrate({ pool: database.pool, schema: 'told', onMigration })
  await expect(migrating).rejects.toThrow('enough')
  expect(told).toEqual(names.slice(0, 2))
  const all: string[] = []
  await migrate({ pool: database.pool, schema: 'told', onMigration: (name) => void all.push(name) })
  expect(all).toEqual(names)
})

it('makes them in another schema, with nothing of the usual name in it', async () => {
  await migrate({ pool: database.pool, schema: 'Other_1' })
  expect(await ledgerOf('"Other_1"')).toEqual(ledger)
  for (const { sql } of await renderMigrations('Other_1')) expect(sql).not.toContain('"pigeonhole"')
})

it('runs over what another tool has made, and passes over what that has recorded', async () => {
  for (const { sql } of await renderMigrations('by_hand')) await database.pool.query(sql)
  expect(await migrate({ pool: database.pool, schema: 'by_hand' })).toEqual({
    applied: [],
    version: names.length,
  })
  for (const { sql } of await renderMigrations('by_hand')) await database.pool.query(sql)
  await database.pool.query('DELETE FROM by_hand.schema_version')
  expect((await migrate({ pool: database.pool, schema: 'by_hand' })).applied).toEqual(names)
  expect(await ledgerOf('by_hand')).toEqual(ledger)
})

it('keeps the data that is there', async () => {
  await migrate({ pool: database.pool, schema: 'filled' })
  await database.pool.query('INSERT INTO filled.relay_shard (shard) VALUES (7)')
  for (const { sql } of await renderMigrations('filled')) await database.pool.query(sql)
  expect((await database.pool.query('SELECT shard FROM filled.relay_shard')).rows).toEqual([{ shard: 7 }])
})

it('may run several times at once', async () => {
  const runs = Array.from({ length: 4 }, () => migrate({ pool: database.pool, schema: 'busy' }))
  const applied = (await Promise.all(runs)).map((run) => run.applied.length)
  expect(applied.toSorted()).toEqual([0, 0, 0, names.length])
})

it('does everything or nothing', async () => {
  await database.pool.query('CREATE SCHEMA halfway; CREATE VIEW halfway.idempotency_key AS SELECT 1 AS x')
  await expect(migrate({ pool: database.pool, schema: 'halfway' })).rejects.toThrow('idempotency_key')
  const { rows } = await database.pool.query(
    "SELECT relname FROM pg_class WHERE relnamespace = 'halfway'::regnamespace",
  )
  expect(rows).toEqual([{ relname: 'idempotency_key' }])
})

it('stops at a ledger that is not its own', async () => {
  await migrate({ pool: database.pool, schema: 'foreign_ledger' })
  await database.pool.query("UPDATE foreign_ledger.schema_version SET migration = 'of another project'")
  await expect(migrate({ pool: database.pool, schema: 'foreign_ledger' })).rejects.toMatchObject({
    code: 'MIGRATION_CONFLICT',
    details: { migration: names[0] },
  })
})

it('leaves tables of a newer release alone', async () => {
  await migrate({ pool: database.pool, schema: 'newer' })
  await database.pool.query("INSERT INTO newer.schema_version VALUES (900, 'of a newer release')")
  expect(await migrate({ pool: database.pool, schema: 'newer' })).toEqual({ applied: [], version: 900 })
})

it.each(['', '1st', 'a b', 'a"b', 'pg_temp', 'PG_toast', 'information_schema', 'x'.repeat(64), 'naïve'])(
  'refuses %j as a name',
  async (schema) => {
    await expect(migrate({ pool: database.pool, schema })).rejects.toMatchObject({ code: 'OPTION_INVALID' })
  },
)

it('names an option that it does not know', async () => {
  const misspelt = { pool: database.pool, shema: 'x' }
  await expect(migrate(misspelt)).rejects.toMatchObject({
    code: 'OPTION_INVALID',
    details: { option: 'shema', nearest: 'schema' },
  })
})

it('says that a server is not there', async () => {
  const gone = migrate({ connectionString: 'postgres://nobody@nowhere.invalid/x' })
  await expect(gone).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' })
})

// Were the loss of the connection not listened for, it would end this process, and the run would fail by an unhandled error.
it.each(['a pool', 'a URL'])(
  'rejects, and does not end the process, when the server goes away: through %s',
  async (by) => {
    const pool = new pg.Pool({ connectionString: database.url, application_name: 'to be ended' })
    pool.on('error', () => undefined)
    const url = `${database.url}?application_name=to+be+ended`
    const blocker = await database.pool.connect()
    await blocker.query('BEGIN; SELECT pg_advisory_xact_lock(72707369)')
    const migrating = migrate(by === 'a pool' ? { pool } : { connectionString: url })
    const outcome = expect(migrating).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' })
    const end =
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'to be ended' AND wait_event_type = 'Lock'"
    await expect.poll(async () => (await database.pool.query(end)).rowCount, { timeout: 20_000 }).toBe(1)
    await outcome
    await blocker.query('ROLLBACK')
    blocker.release()
    await pool.end()
  },
)

it('runs anew where PostgreSQL ends it in a deadlock with whoever is at work', async () => {
  const schema = 'in_deadlock'
  const [first, second] = await renderMigrations(schema)
  await database.pool.query(`${first?.sql}; ${second?.sql}`)
  const [holder, worker] = [await database.pool.connect(), await database.pool.connect()]
  // Each migration is noted there at its end: so the third is held, which has altered parked_message, before the fourth begins.
  await holder.query(`BEGIN; LOCK ${schema}.schema_version IN SHARE MODE`)
  // PostgreSQL ends the one that looks for a deadlock first, and each looks once for as long as it waits for a lock.
  const connectionString = `${database.url}?options=-c%20deadlock_timeout%3D100ms`
  await worker.query(
    `SET deadlock_timeout = '60s'; BEGIN; LOCK ${schema}.outbox_message IN ROW EXCLUSIVE MODE`,
  )
  const told: string[] = []
  const migrating = migrate({ connectionString, schema, onMigration: (name) => told.push(name) })
  const isWaitedFor = (table: string): Promise<void> => {
    const waits = `SELECT FROM pg_locks WHERE relation = '${schema}.${table}'::regclass AND NOT granted`
    return expect.poll(async () => (await database.pool.query(waits)).rowCount).toBe(1)
  }
  await isWaitedFor('schema_version')
  const working = worker.query(`SELECT FROM ${schema}.parked_message; COMMIT; RESET deadlock_timeout`)
  await isWaitedFor('parked_message')
  await holder.query('ROLLBACK')
  holder.release()
  await working
  worker.release()
  expect((await migrating).version).toBe(names.length)
  expect(told).toEqual([...names.slice(2, 4), ...names.slice(2)])
})
