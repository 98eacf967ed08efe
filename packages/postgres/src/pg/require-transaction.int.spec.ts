import type pg from 'pg'
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest'
import { SpecDatabase } from '../spec-database.fake.js'
import { requireTransaction } from './require-transaction.js'

let database: SpecDatabase
let client: pg.PoolClient

beforeAll(async () => {
  database = await SpecDatabase.create({ tables: false })
})
afterAll(() => database.drop())
beforeEach(async () => {
  client = await database.pool.connect()
})
afterEach(() => client.release(true))

const outside = expect.objectContaining({ code: 'OUTSIDE_TRANSACTION' })

function require(given: unknown): Promise<void> {
  return requireTransaction(given as pg.ClientBase, 'pigeonhole')
}

// As a client of an older pg, or a wrapper of one, which does not tell its status.
function silent(given: pg.ClientBase): unknown {
  return { query: given.query.bind(given) }
}

it('lets a client in a transaction pass, without asking the server', async () => {
  await client.query('BEGIN')
  const asked = { ...silentWithStatus(client), query: () => Promise.reject(new Error('asked')) }
  await expect(require(asked)).resolves.toBeUndefined()
})

it('asks the server where the client does not tell', async () => {
  await expect(require(silent(client))).rejects.toEqual(outside)
  await client.query('BEGIN')
  await expect(require(silent(client))).resolves.toBeUndefined()
})

it('lets a client pass whose BEGIN is under way', async () => {
  const begun = client.query('BEGIN')
  await expect(require(client)).resolves.toBeUndefined()
  await begun
})

it('refuses a client without a transaction, before one and after one', async () => {
  await expect(require(client)).rejects.toEqual(outside)
  await client.query('BEGIN; COMMIT')
  await expect(require(client)).rejects.toEqual(outside)
})

it('refuses a pool, whose statements run anywhere', async () => {
  await expect(require(database.pool)).rejects.toEqual(outside)
})

it('leaves a failed transaction to the statement, which gets the error of PostgreSQL', async () => {
  await client.query('BEGIN')
  await client.query('SELECT 1 / 0').catch(() => undefined)
  await expect(require(client)).resolves.toBeUndefined()
  await expect(require(silent(client))).resolves.toBeUndefined()
  await expect(client.query('SELECT 1')).rejects.toMatchObject({ code: '25P02' })
})

it('leaves the transaction as it was', async () => {
  await client.query('BEGIN; CREATE TABLE kept (n int)')
  await require(silent(client))
  await client.query('INSERT INTO kept VALUES (1); COMMIT')
  expect((await client.query('SELECT n FROM kept')).rows).toEqual([{ n: 1 }])
})

function silentWithStatus(given: pg.ClientBase): object {
  return { getTransactionStatus: () => given.getTransactionStatus() }
}
