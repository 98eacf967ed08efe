import { type PostgresServer, startPostgres } from '@pigeonhole/testing'
import pg from 'pg'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type PostgresStore, postgresStore } from '../pg/postgres-store.js'
import { SpecDatabase } from '../spec-database.fake.js'
import { SlotReader } from './slot-reader.fake.js'

let server: PostgresServer
let database: SpecDatabase
let store: PostgresStore
const clients: pg.Client[] = []

beforeAll(async () => {
  // An autovacuum needs an id, too, whenever it comes.
  const settings = { max_prepared_transactions: '4', autovacuum: 'off' }
  server = await startPostgres({ sources: ['docker', 'embedded'], settings })
  database = await SpecDatabase.create({ serverUrl: server.url })
  store = postgresStore(database.pool)
})
afterAll(async () => {
  await Promise.all(clients.map((client) => client.end()))
  await database.drop()
  await server.stop()
})

async function connect(url = database.url, name = 'nightly report'): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url, application_name: name })
  client.on('error', () => undefined)
  clients.push(client)
  await client.connect()
  return client
}

/** Numbers a transaction, so that an id that is held becomes older. */
async function passTime(): Promise<void> {
  await database.pool.query('SELECT pg_current_xact_id()')
}

// What the specs before have left is gone when nobody is found.
beforeEach(async () => {
  await expect.poll(() => store.readXidHolder()).toBeNull()
})

describe('who needs the oldest transaction id', () => {
  it('is the session whose transaction has been open the longest, with its process and its last statement', async () => {
    const [first, second] = [await connect(), await connect(database.url, 'later')]
    await first.query('BEGIN')
    await first.query('SELECT pg_current_xact_id()')
    await passTime()
    await second.query('BEGIN')
    await second.query('SELECT pg_current_xact_id()')
    const { rows } = await first.query('SELECT pg_backend_pid() AS pid, pg_current_xact_id()::text AS xid')
    const holder = await store.readXidHolder()
    expect(holder).toEqual({
      kind: 'session',
      pid: rows[0].pid,
      name: 'nightly report',
      state: 'idle in transaction',
      xid: rows[0].xid,
      xids: expect.any(Number),
      startedAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      queryStartedAt: expect.stringMatching(/Z$/),
      ageSeconds: expect.any(Number),
    })
    expect(holder?.xids).toBeGreaterThanOrEqual(2)
    expect(Date.parse(holder?.queryStartedAt ?? '')).toBeGreaterThanOrEqual(
      Date.parse(holder?.startedAt ?? ''),
    )
    expect((await store.readMeasures()).xidHolder).toMatchObject({ pid: rows[0].pid })
    await first.query('ROLLBACK')
    expect(await store.readXidHolder()).toMatchObject({ name: 'later' })
    await second.query('ROLLBACK')
  })

  it('is a session that has written nothing and keeps its snapshot', async () => {
    const reader = await connect()
    await reader.query('BEGIN ISOLATION LEVEL REPEATABLE READ')
    await reader.query('SELECT 1')
    await passTime()
    expect(await store.readXidHolder()).toMatchObject({ kind: 'session', state: 'idle in transaction' })
    await reader.query('ROLLBACK')
  })

  it('is no session of another database: that one keeps nothing here', async () => {
    const other = await connect(server.url)
    await other.query('BEGIN')
    await other.query('SELECT pg_current_xact_id()')
    await passTime()
    expect(await store.readXidHolder()).toBeNull()
    await other.query('ROLLBACK')
  })

  it('is a prepared transaction, which no session stands for', async () => {
    const client = await connect()
    await client.query('BEGIN')
    await client.query('CREATE TABLE prepared ()')
    await client.query("PREPARE TRANSACTION 'transfer-1'")
    expect(await store.readXidHolder()).toMatchObject({
      kind: 'prepared',
      pid: null,
      name: 'transfer-1',
      state: null,
      startedAt: expect.stringMatching(/Z$/),
      queryStartedAt: null,
    })
    await client.query("ROLLBACK PREPARED 'transfer-1'")
  })

  it('is a replication slot whose standby has a long query, also when the standby is gone', async () => {
    const { pool } = database
    await pool.query("SELECT pg_create_physical_replication_slot('standby', true)")
    const { rows } = await pool.query('SELECT pg_current_xact_id()::text AS xid')
    const reader = await SlotReader.open(server.url, 'standby')
    await reader.sendFeedback(rows[0].xid)
    await passTime()
    await expect
      .poll(() => store.readXidHolder())
      .toMatchObject({ kind: 'slot', name: 'standby', state: 'active', xid: rows[0].xid, ageSeconds: null })
    await reader.close()
    await expect.poll(() => store.readXidHolder()).toMatchObject({ state: 'inactive', pid: null })
    await pool.query("SELECT pg_drop_replication_slot('standby')")
  })

  it('is not shown to a role that may not see other sessions', async () => {
    const { pool } = database
    await pool.query("CREATE ROLE watcher LOGIN PASSWORD 'secret'")
    const limited = new pg.Pool({ connectionString: database.urlOf('watcher', 'secret') })
    const client = await connect()
    await client.query('BEGIN')
    await client.query('SELECT pg_current_xact_id()')
    expect(await postgresStore(limited).readXidHolder()).toBeNull()
    await pool.query('GRANT pg_read_all_stats TO watcher')
    expect(await postgresStore(limited).readXidHolder()).toMatchObject({ name: 'nightly report' })
    await client.query('ROLLBACK')
    await limited.end()
  })
})
