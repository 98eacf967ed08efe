import { randomUUID } from 'node:crypto'
import { createServer } from 'node:net'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { SpecDatabase } from '../spec-database.fake.js'
import { driverError } from './driver-error.js'

let database: SpecDatabase
const role = `role_${randomUUID().slice(0, 8)}`

beforeAll(async () => {
  database = await SpecDatabase.create()
  await database.pool.query(`CREATE ROLE ${role} NOLOGIN; CREATE TABLE t (id int PRIMARY KEY)`)
})
afterAll(async () => {
  await database.pool.query(`DROP OWNED BY ${role}; DROP ROLE ${role}`)
  await database.drop()
})

/** What a call throws, coded. */
async function codedOf(
  call: Promise<unknown>,
): Promise<{ readonly coded: unknown; readonly cause: unknown }> {
  try {
    await call
  } catch (cause) {
    return { coded: driverError(cause, 'pigeonhole'), cause }
  }
  throw new Error('The call resolved')
}

async function connectTo(config: pg.ClientConfig): Promise<void> {
  const client = new pg.Client(config)
  client.on('error', () => undefined)
  await client.connect()
  await client.end()
}

async function expectCode(call: Promise<unknown>, code: string, retryable: boolean): Promise<void> {
  const { coded, cause } = await codedOf(call)
  expect(coded).toMatchObject({ code, retryable })
  // The driver's error goes along as it is.
  expect((coded as Error).cause).toBe(cause)
}

describe('a server that cannot be reached', () => {
  it('because nobody listens', async () => {
    const server = createServer().listen(0, '127.0.0.1')
    const { port } = await new Promise<{ port: number }>((resolve) =>
      server.once('listening', () => resolve(server.address() as { port: number })),
    )
    await new Promise((resolve) => server.close(resolve))
    await expectCode(connectTo({ host: '127.0.0.1', port }), 'STORE_UNAVAILABLE', true)
    await expectCode(connectTo({ host: 'localhost', port }), 'STORE_UNAVAILABLE', true)
    const { coded } = await codedOf(connectTo({ host: '127.0.0.1', port }))
    expect(String(coded)).toMatch(/is not available \(connect ECONNREFUSED [^)]*\)$/)
  })

  it('because its name is unknown, or its socket is not there', async () => {
    await expectCode(connectTo({ host: 'nowhere.invalid' }), 'STORE_UNAVAILABLE', true)
    await expectCode(connectTo({ host: '/nowhere' }), 'STORE_UNAVAILABLE', true)
  })

  it('because it has no such database', async () => {
    const nowhere = new URL(inject('databaseUrl'))
    nowhere.pathname = '/nowhere'
    await expectCode(connectTo({ connectionString: nowhere.href }), 'STORE_UNAVAILABLE', true)
    const { coded } = await codedOf(connectTo({ connectionString: nowhere.href }))
    expect(String(coded)).toMatch(/is not available \(database "nowhere" does not exist\)$/)
  })

  it('because it does not answer', async () => {
    const mute = createServer(() => undefined).listen(0, '127.0.0.1')
    await new Promise((resolve) => mute.once('listening', resolve))
    const { port } = mute.address() as { port: number }
    const connecting = connectTo({ host: '127.0.0.1', port, connectionTimeoutMillis: 50 })
    await expectCode(connecting, 'STORE_UNAVAILABLE', true)
    const pool = new pg.Pool({ host: '127.0.0.1', port, connectionTimeoutMillis: 50 })
    await expectCode(pool.query('SELECT 1'), 'STORE_UNAVAILABLE', true)
    mute.close()
  })

  it('because the database is not there', async () => {
    const url = new URL(database.url)
    url.pathname = '/nowhere'
    await expectCode(connectTo({ connectionString: url.href }), 'STORE_UNAVAILABLE', true)
  })
})

describe('a connection that breaks', () => {
  it('by the operator, in the middle of a statement and before one', async () => {
    const client = new pg.Client({ connectionString: database.url })
    client.on('error', () => undefined)
    await client.connect()
    const { rows } = await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid')
    const sleeping = expectCode(client.query('SELECT pg_sleep(60)'), 'STORE_UNAVAILABLE', true)
    const asleep = "SELECT 1 FROM pg_stat_activity WHERE pid = $1 AND query LIKE '%pg_sleep%'"
    await expect.poll(async () => (await database.pool.query(asleep, [rows[0]?.pid])).rowCount).toBe(1)
    await database.pool.query('SELECT pg_terminate_backend($1)', [rows[0]?.pid])
    await sleeping
    await expectCode(client.query('SELECT 1'), 'STORE_UNAVAILABLE', true)
  })

  it('because the pool has ended', async () => {
    const pool = new pg.Pool({ connectionString: database.url })
    await pool.end()
    await expectCode(pool.query('SELECT 1'), 'STORE_UNAVAILABLE', true)
  })

  it('because it was idle in a transaction for too long', async () => {
    const client = await database.pool.connect()
    const broken = new Promise((resolve) => client.once('error', resolve))
    await client.query("BEGIN; SET LOCAL idle_in_transaction_session_timeout = '50ms'")
    await broken
    await expectCode(client.query('SELECT 1'), 'STORE_UNAVAILABLE', true)
    client.release(true)
  })
})

describe('a statement', () => {
  it('that takes too long', async () => {
    const client = await database.pool.connect()
    await client.query("BEGIN; SET LOCAL statement_timeout = '50ms'")
    await expectCode(client.query('SELECT pg_sleep(60)'), 'STORE_UNAVAILABLE', true)
    client.release(true)
  })

  it('on tables that are not there', async () => {
    await expectCode(database.pool.query('SELECT FROM nowhere.schema_version'), 'SCHEMA_MISSING', false)
    await expectCode(database.pool.query('CREATE TABLE nowhere.t ()'), 'SCHEMA_MISSING', false)
  })

  it('in a read-only transaction', async () => {
    const client = await database.pool.connect()
    await client.query('BEGIN READ ONLY')
    await expectCode(client.query('INSERT INTO t VALUES (1)'), 'STORE_STANDBY', true)
    client.release(true)
  })

  it('that a lock kept waiting for too long', async () => {
    const [holder, waiter] = [await database.pool.connect(), await database.pool.connect()]
    await holder.query('BEGIN; LOCK TABLE t')
    await waiter.query("BEGIN; SET LOCAL lock_timeout = '50ms'")
    await expectCode(waiter.query('SELECT FROM t'), 'STORE_CONFLICT', true)
    holder.release(true)
    waiter.release(true)
  })

  it('that cannot be serialised', async () => {
    const [first, second] = [await database.pool.connect(), await database.pool.connect()]
    await database.pool.query('INSERT INTO t VALUES (7)')
    await first.query('BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT FROM t')
    await second.query('DELETE FROM t')
    await expectCode(first.query('DELETE FROM t'), 'STORE_CONFLICT', true)
    first.release(true)
    second.release()
  })
})

describe('access', () => {
  it('that is refused at the door', async () => {
    await expectCode(
      connectTo({ connectionString: database.urlOf(role, 'password') }),
      'STORE_ACCESS_DENIED',
      false,
    )
  })

  it('that is refused to a table', async () => {
    const client = await database.pool.connect()
    await client.query(`BEGIN; SET LOCAL ROLE ${role}`)
    await expectCode(client.query('SELECT FROM t'), 'STORE_ACCESS_DENIED', false)
    client.release(true)
  })
})

describe("what is not the store's", () => {
  it('is left alone: a unique violation, a wrong value, a failed transaction, an error of anyone else', async () => {
    await database.pool.query('INSERT INTO t VALUES (1)')
    const client = await database.pool.connect()
    const calls = [
      () => database.pool.query('INSERT INTO t VALUES (1)'),
      () => database.pool.query("SELECT 'x'::int"),
      () => client.query('BEGIN; SELECT 1 / 0'),
    ]
    for (const call of calls) expect((await codedOf(call())).coded).toBeUndefined()
    expect((await codedOf(client.query('SELECT 1'))).coded).toBeUndefined()
    client.release(true)
    expect(driverError(new TypeError('of the application'), 'pigeonhole')).toBeUndefined()
    expect(driverError('thrown', 'pigeonhole')).toBeUndefined()
  })

  it('passes when it is coded already', () => {
    const coded = driverError(Object.assign(new Error('gone'), { code: '57P01' }), 'pigeonhole')
    expect(driverError(coded, 'pigeonhole')).toBe(coded)
  })
})
