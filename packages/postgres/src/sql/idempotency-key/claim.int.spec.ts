import type pg from 'pg'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { postgresStore } from '../../pg/postgres-store.js'
import { SpecDatabase } from '../../spec-database.fake.js'

let database: SpecDatabase
beforeAll(async () => {
  database = await SpecDatabase.create()
})
afterAll(() => database.drop())

const scope = { tenant: '', operation: 'POST /orders', key: 'key-1' }
const terms = { fingerprint: { version: 1, hash: new Uint8Array([1]) }, expiresMs: 60_000, graceMs: 0 }

async function begin(): Promise<pg.PoolClient> {
  const client = await database.pool.connect()
  await client.query('BEGIN')
  return client
}

async function end(client: pg.PoolClient, statement: 'COMMIT' | 'ROLLBACK'): Promise<void> {
  await client.query(statement)
  client.release()
}

// Claims as a version does whose lock is another: it takes none of ours.
async function claimWithoutLock(client: pg.PoolClient): Promise<void> {
  await client.query(
    `INSERT INTO pigeonhole.idempotency_key (tenant, operation, key, fingerprint_version, fingerprint, response_body, expires_at)
     VALUES ('', 'POST /orders', 'key-1', 1, '\\x01', '\\x02', now() + interval '1 minute')`,
  )
}

async function waiterOf(client: pg.PoolClient): Promise<void> {
  const { rows } = await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid')
  const waits = `SELECT FROM pg_stat_activity WHERE $1 = ANY (pg_blocking_pids(pid))`
  await expect.poll(async () => (await database.pool.query(waits, [rows[0]?.pid])).rowCount).toBe(1)
}

it('is not claimed beside a client that takes no lock: the unique index stands behind it', async () => {
  const store = postgresStore(database.pool)
  const [rival, own] = [await begin(), await begin()]
  await claimWithoutLock(rival)
  const claiming = store.claimKey(own, scope, terms)
  await waiterOf(rival)
  await end(rival, 'COMMIT')
  // What was committed meanwhile is behind the first statement's snapshot, and not claimed anew.
  expect(await claiming).toMatchObject({ status: 'answered' })
  await end(own, 'ROLLBACK')
})

it('writes nothing where there is an answer: a replay takes no transaction id', async () => {
  const store = postgresStore(database.pool)
  const client = await begin()
  expect(await store.claimKey(client, scope, terms)).toMatchObject({ status: 'answered' })
  const { rows } = await client.query('SELECT pg_current_xact_id_if_assigned() IS NULL AS unwritten')
  expect(rows).toEqual([{ unwritten: true }])
  await end(client, 'ROLLBACK')
})
