import pg from 'pg'
import { afterAll, beforeAll, beforeEach, expect, inject, it } from 'vitest'
import { createDatabase, type TestDatabase } from '../provision/create-database.js'
import { type PostgresProxy, startPostgresProxy } from './postgres-proxy.js'

let database: TestDatabase
let proxy: PostgresProxy
let direct: pg.Client

beforeAll(async () => {
  database = await createDatabase({ url: inject('databaseUrl') })
  proxy = await startPostgresProxy({ target: new URL(database.url).host })
  direct = new pg.Client({ connectionString: database.url })
  await direct.connect()
  await direct.query('CREATE TABLE written (n int)')
})
beforeEach(() => direct.query('TRUNCATE written'))
afterAll(async () => {
  await proxy.stop()
  await direct.end()
  await database.drop()
})

async function client(): Promise<pg.Client> {
  const url = new URL(database.url)
  url.host = proxy.address
  const connected = new pg.Client({ connectionString: url.href })
  connected.on('error', () => undefined)
  await connected.connect()
  return connected
}

async function write(through: pg.Client, n: number): Promise<void> {
  await through.query('BEGIN')
  await through.query('INSERT INTO written VALUES ($1)', [n])
  await through.query('COMMIT')
}

async function written(): Promise<number[]> {
  const { rows } = await direct.query<{ n: number }>('SELECT n FROM written ORDER BY n')
  return rows.map(({ n }) => n)
}

it('loses the reply to COMMIT: committed, and nobody was told', async () => {
  const lost = proxy.lose({ statement: /^commit/i, lost: 'reply', connection: 'cut' })
  await expect(write(await client(), 1)).rejects.toThrow()
  expect(await lost).toBe(true)
  await expect.poll(written).toEqual([1])
})

it('loses the request COMMIT: not committed, and nothing else was lost', async () => {
  const lost = proxy.lose({ statement: /^commit/i, lost: 'request', connection: 'cut' })
  await expect(write(await client(), 1)).rejects.toThrow()
  expect(await lost).toBe(true)
  const again = await client()
  await write(again, 2)
  await again.end()
  expect(await written()).toEqual([2])
})

it('finds a statement with parameters, too', async () => {
  const lost = proxy.lose({ statement: /^insert/i, lost: 'request', connection: 'cut' })
  await expect(write(await client(), 1)).rejects.toThrow()
  expect(await lost).toBe(true)
  expect(await written()).toEqual([])
})

it('leaves the connection open and silent, if asked', async () => {
  const through = await client()
  const lost = proxy.lose({ statement: /^commit/i, lost: 'reply', connection: 'half-open' })
  let answered = false
  write(through, 1).then(
    () => {
      answered = true
    },
    () => {
      answered = true
    },
  )
  expect(await lost).toBe(true)
  await expect.poll(written).toEqual([1])
  expect(answered).toBe(false)
  expect(proxy.connections).toBeGreaterThan(0)
})
