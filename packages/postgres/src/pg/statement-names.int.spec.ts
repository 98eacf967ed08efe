import { afterAll, beforeAll, expect, it } from 'vitest'
import { SpecDatabase } from '../spec-database.fake.js'
import { postgresStore } from './postgres-store.js'

let database: SpecDatabase

beforeAll(async () => {
  database = await SpecDatabase.create()
})
afterAll(() => database.drop())

const range = { topic: 'orders', partition: 0, first: 1n, last: 1n }

/** How many statements the connection of a transaction has kept, after one that has received a message. */
async function keptBy(preparedStatements?: boolean): Promise<number> {
  const store = postgresStore(database.pool, preparedStatements === undefined ? {} : { preparedStatements })
  return store.transaction({ timeoutMs: 20_000 }, async (tx) => {
    await store.receiveMessages(tx, 'inbox', { topic: 'orders', range, messages: [] })
    await store.receiveMessages(tx, 'other', { topic: 'orders', range, messages: [] })
    const { rows } = await tx.query('SELECT count(*)::int AS kept FROM pg_prepared_statements')
    return rows[0]?.kept
  })
}

it.each([
  [undefined, 0],
  [false, 0],
  [true, 1],
])('a store with preparedStatements %s leaves %d statement on its connection', async (option, expected) => {
  expect(await keptBy(option)).toBe(expected)
})
