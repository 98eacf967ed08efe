import { once } from 'node:events'
import pg from 'pg'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { SpecDatabase } from '../spec-database.fake.js'
import { beginHandlerTransaction, beginRelayTransaction } from './begin.js'
import { StallingProxy } from './stalling-proxy.fake.js'
import { surviveIdleErrors } from './survive-idle-errors.js'
import { inTransaction } from './transaction.js'

let database: SpecDatabase

beforeAll(async () => {
  database = await SpecDatabase.create({ tables: false })
  const name = new URL(database.url).pathname.slice(1)
  // Defaults that a relay must not take over.
  await database.pool.query(`
    ALTER DATABASE ${name} SET synchronous_commit = off;
    ALTER DATABASE ${name} SET default_transaction_isolation = 'serializable';
    ALTER DATABASE ${name} SET default_transaction_read_only = on;
    ALTER DATABASE ${name} SET bytea_output = 'escape'`)
  await database.pool.end()
  Object.assign(database, { pool: new pg.Pool({ connectionString: database.url, max: 2 }) })
  surviveIdleErrors(database.pool)
  await transact('CREATE TABLE written (n int)')
})
afterAll(() => database.drop())

const options = { schema: 'pigeonhole', timeoutMs: 5_000, begin: beginRelayTransaction(5_000) }

function transact(statement: string, pool: pg.Pool = database.pool): Promise<unknown> {
  return inTransaction(pool, options, (client) => client.query(statement))
}

async function settingsIn(begin: readonly string[]): Promise<Record<string, string>> {
  const names = [
    'synchronous_commit',
    'transaction_isolation',
    'transaction_read_only',
    'bytea_output',
    'statement_timeout',
    'idle_in_transaction_session_timeout',
    'lock_timeout',
  ]
  const { rows } = await inTransaction(database.pool, { ...options, begin }, (client) =>
    client.query<{ name: string; setting: string }>(
      'SELECT name, current_setting(name) AS setting FROM unnest($1::text[]) AS name',
      [names],
    ),
  )
  return Object.fromEntries(rows.map(({ name, setting }) => [name, setting]))
}

it('gives a relay what it builds on, whatever the defaults of the database', async () => {
  expect(await settingsIn(beginRelayTransaction(4_000))).toEqual({
    synchronous_commit: 'on',
    transaction_isolation: 'read committed',
    transaction_read_only: 'off',
    bytea_output: 'hex',
    statement_timeout: '4s',
    idle_in_transaction_session_timeout: '4s',
    lock_timeout: '0',
  })
})

it('gives a handler bounds, and leaves durability to the database', async () => {
  expect(await settingsIn(beginHandlerTransaction(1_500.5))).toMatchObject({
    synchronous_commit: 'off',
    transaction_isolation: 'read committed',
    transaction_read_only: 'off',
    statement_timeout: '1501ms',
    idle_in_transaction_session_timeout: '1501ms',
    lock_timeout: '751ms',
  })
})

it('leaves nothing of its settings to whoever gets the connection next', async () => {
  await transact('SELECT 1')
  const { rows } = await database.pool.query("SELECT current_setting('statement_timeout') AS timeout")
  expect(rows).toEqual([{ timeout: '0' }])
})

it('does not resolve when PostgreSQL has rolled back what a swallowed error had spoilt', async () => {
  const attempt = inTransaction(database.pool, options, async (client) => {
    await client.query('INSERT INTO written VALUES (1)')
    await client.query('SELECT 1 / 0').catch(() => undefined)
  })
  await expect(attempt).rejects.toThrow('answered COMMIT with ROLLBACK')
  expect((await database.pool.query('SELECT n FROM written WHERE n = 1')).rows).toEqual([])
})

it.each(['before its work', 'at its commit'])(
  'drops a connection that breaks %s, and the next call gets another',
  async (moment) => {
    const attempt = inTransaction(database.pool, options, async (client) => {
      const { rows } = await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid')
      const terminated = database.pool.query('SELECT pg_terminate_backend($1)', [rows[0]?.pid])
      await Promise.all([terminated, once(client, 'error')])
      if (moment === 'before its work') await client.query('SELECT 1')
    })
    const unavailable = expect.objectContaining({ code: 'STORE_UNAVAILABLE', retryable: true })
    await expect(attempt.catch(coded)).rejects.toEqual(unavailable)
    await expect(transact('SELECT 1')).resolves.toBeDefined()
    expect(database.pool.waitingCount).toBe(0)
  },
)

// What the work's own statement throws passes unmodified: here it is the store's, as it would be through the executor.
async function coded(error: unknown): Promise<never> {
  const { driverError } = await import('../errors/driver-error.js')
  throw driverError(error, 'pigeonhole') ?? error
}

it('survives a connection that breaks while nobody uses it', async () => {
  const pool = new pg.Pool({ connectionString: database.url, max: 1 })
  surviveIdleErrors(pool)
  surviveIdleErrors(pool)
  expect(pool.listenerCount('error')).toBe(1)
  const { rows } = await pool.query<{ pid: number }>('SELECT pg_backend_pid() AS pid')
  const removed = new Promise((resolve) => pool.once('remove', resolve))
  await database.pool.query('SELECT pg_terminate_backend($1)', [rows[0]?.pid])
  await removed
  expect((await pool.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }])
  await pool.end()
})

it.each(['BEGIN', 'the work', 'COMMIT'])(
  'gives up when the connection falls silent at %s, and frees the pool',
  async (moment) => {
    const proxy = await StallingProxy.start(database.url)
    const pool = new pg.Pool({ connectionString: proxy.url, max: 1 })
    surviveIdleErrors(pool)
    await pool.query('SELECT 1')
    const stallAt = (here: string): void => {
      if (here === moment) proxy.stall()
    }
    stallAt('BEGIN')
    const attempt = inTransaction(pool, { ...options, timeoutMs: 1_000 }, async (client) => {
      stallAt('the work')
      await client.query('INSERT INTO written VALUES (2)')
      stallAt('COMMIT')
    })
    await expect(attempt).rejects.toMatchObject({
      code: 'STORE_UNAVAILABLE',
      message: /no answer within 1000 ms/,
    })
    await expect.poll(() => pool.totalCount).toBe(0)
    proxy.resume()
    await expect(transact('SELECT 1', pool)).resolves.toBeDefined()
    await pool.end()
    await proxy.stop()
  },
)

it('gives up when the pool has no connection in time, and gives back the one that comes late', async () => {
  const pool = new pg.Pool({ connectionString: database.url, max: 1 })
  const only = await pool.connect()
  let ran = false
  const attempt = inTransaction(pool, { ...options, timeoutMs: 100 }, async () => {
    ran = true
  })
  await expect(attempt).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' })
  only.release()
  await expect(transact('SELECT 1', pool)).resolves.toBeDefined()
  expect(ran).toBe(false)
  await pool.end()
})

it.each([
  ['of the socket', { code: 'EPROTO' }],
  ['of TLS', { code: 'ERR_SSL_DECRYPTION_FAILED_OR_BAD_RECORD_MAC' }],
  ['with which the server ends the session', { code: 'XX000', severity: 'FATAL' }],
])('does not know what became of a COMMIT that an error %s has ended', async (_, fault) => {
  const pool = new pg.Pool({ connectionString: database.url, max: 1 })
  pool.on('connect', (client) => {
    const query = client.query.bind(client) as (...request: readonly unknown[]) => unknown
    client.query = ((...request: readonly unknown[]) =>
      request[0] === 'COMMIT'
        ? Promise.reject(Object.assign(new Error('broken'), fault))
        : query(...request)) as typeof client.query
  })
  try {
    await expect(transact('INSERT INTO written VALUES (9)', pool)).rejects.toMatchObject({
      code: 'STORE_UNAVAILABLE',
      message: expect.stringContaining('may or may not have taken effect'),
    })
  } finally {
    await pool.end()
  }
})
