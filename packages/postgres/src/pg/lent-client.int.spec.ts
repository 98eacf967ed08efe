import pg from 'pg'
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'
import { SpecDatabase } from '../spec-database.fake.js'
import type { PostgresStore } from './postgres-store.js'
import { postgresStore } from './postgres-store.js'

let database: SpecDatabase
let store: PostgresStore
let pool: pg.Pool

beforeAll(async () => {
  database = await SpecDatabase.create()
  await database.pool.query('CREATE TABLE written (by text)')
  // One connection: what is begun next is sure to get the one that was given back.
  pool = new pg.Pool({ connectionString: database.url, max: 1 })
  store = postgresStore(pool)
})
beforeEach(() => database.pool.query('TRUNCATE written'))
afterAll(async () => {
  await pool.end()
  await database.drop()
})

const bounds = { timeoutMs: 5_000 }
const range = { topic: 'orders', partition: 0, first: 0n, last: 0n }

async function written(): Promise<unknown[]> {
  const { rows } = await database.pool.query<{ by: string }>('SELECT by FROM written ORDER BY by')
  return rows.map(({ by }) => by)
}

/** Leaves one branch of a handler's work behind when another one fails, as Promise.all and Promise.race do. */
async function leaveBehind(): Promise<pg.ClientBase> {
  let left: pg.ClientBase | undefined
  const failing = store.transaction(bounds, async (tx) => {
    left = tx
    await tx.query("INSERT INTO written VALUES ('failed')")
    throw new Error('refused')
  })
  await expect(failing).rejects.toThrow('refused')
  if (!left) throw new Error('The handler was not run')
  return left
}

it('refuses what a failed handler still sends, which would be committed by itself', async () => {
  const left = await leaveBehind()
  const late = Promise.resolve(left.query("INSERT INTO written VALUES ('late')"))
  await expect(late).rejects.toMatchObject({ code: 'OUTSIDE_TRANSACTION' })
  expect(await written()).toEqual([])
})

it('refuses what a failed handler still sends, which would be committed with the next message', async () => {
  const left = await leaveBehind()
  await store.transaction(bounds, async (tx) => {
    await tx.query("INSERT INTO written VALUES ('next')")
    const late = Promise.resolve(left.query("INSERT INTO written VALUES ('late')"))
    await expect(late).rejects.toMatchObject({ code: 'OUTSIDE_TRANSACTION' })
  })
  expect(await written()).toEqual(['next'])
})

it('gives a handler a client of node-postgres, whole', async () => {
  await store.transaction(bounds, async (tx) => {
    expect(tx).toBeInstanceOf(pg.Client)
    expect(tx.escapeLiteral("it's")).toBe("'it''s'")
    const { rows } = await new Promise<pg.QueryResult>((resolve, reject) => {
      const answer = (error: Error | null, result: pg.QueryResult): void =>
        error ? reject(error) : resolve(result)
      ;(tx as pg.Client).query('SELECT 1 AS one', answer as never)
    })
    expect(rows).toEqual([{ one: 1 }])
  })
})

it.each(['release', 'end'] as const)('is not given back by its handler: %s()', async (method) => {
  const failing = store.transaction(bounds, async (tx) => {
    await tx.query("INSERT INTO written VALUES ('given back')")
    ;(tx as pg.Client & pg.PoolClient)[method]()
  })
  await expect(failing).rejects.toMatchObject({ code: 'OUTSIDE_TRANSACTION' })
  await store.transaction(bounds, (tx) => tx.query("INSERT INTO written VALUES ('next')"))
  expect(await written()).toEqual(['next'])
  expect(pool.totalCount).toBe(1)
})

it.each(['ROLLBACK', 'COMMIT'])(
  'finds a transaction unusable that its handler has ended: %s',
  async (end) => {
    const usable = store.transaction(bounds, async (tx) => {
      await store.receiveMessages(tx, 'billing', { topic: 'orders', range, messages: [] })
      await tx.query(end)
      const found = await store.isUsable(tx)
      if (!found) throw new Error('not usable')
    })
    await expect(usable).rejects.toThrow('not usable')
  },
)
