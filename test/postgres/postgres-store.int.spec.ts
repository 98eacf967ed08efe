import { type PostgresStore, postgresStore } from '@pigeonhole/postgres'
import {
  type StoreSubject,
  testIdempotencyStore,
  testInboxStore,
  testMonitorStore,
  testOutboxStore,
  testRelayStore,
} from '@pigeonhole/testing/conformance'
import type pg from 'pg'
import { afterAll, beforeAll } from 'vitest'
import { StoreDatabase } from './store-database.js'

let database: StoreDatabase

beforeAll(async () => {
  database = await StoreDatabase.create()
})

afterAll(() => database.drop())

interface Connections {
  readonly name: string
  readonly preparedStatements: boolean
}

const subjectOf = ({ name, preparedStatements }: Connections): StoreSubject<pg.ClientBase> => ({
  name,
  supports: { relay: true },
  async open() {
    const { pool } = database
    const schema = await database.newSchema()
    const store = postgresStore(pool, { schema, preparedStatements })
    if (preparedStatements) await prepare(store, pool.options.max)
    const outside = await pool.connect()
    return {
      store,
      outside,
      async begin() {
        const client = await pool.connect()
        await client.query('BEGIN')
        const end = async (statement: string): Promise<void> => {
          await client.query(statement)
          client.release()
        }
        return { tx: client, commit: () => end('COMMIT'), rollback: () => end('ROLLBACK') }
      },
      async failStatement(client) {
        await client.query('SELECT 1 / 0').catch(() => undefined)
      },
      readMessages: () => database.readMessages(schema),
      close: async () => outside.release(),
    }
  },
})

const bounds = { timeoutMs: 20_000 }
const scope = { tenant: '', operation: 'warm up' }
const fingerprint = { version: 1, hash: new Uint8Array(32) }
const message = { id: { scope: 'orders', id: 'id' }, key: null }

// A connection keeps a statement from its first run on: all of them run the statements of handlers once, to no effect.
async function prepare(store: PostgresStore, connections: number): Promise<void> {
  let begun = 0
  let allBegun = (): void => undefined
  const together = new Promise<void>((resolve) => {
    allBegun = resolve
  })
  const once = (name: string): Promise<void> =>
    store.transaction(bounds, async (tx) => {
      await store.claimKey(tx, { ...scope, key: name }, { fingerprint, expiresMs: 1, graceMs: 1 })
      await store.receiveMessages(tx, name, { topic: 'orders', range: undefined, messages: [message] })
      begun += 1
      if (begun === connections) allBegun()
      await together
      await store.storeAnswer(tx, { ...scope, key: name }, { status: null, headers: null, body: null })
      throw new Error('no effect')
    })
  await Promise.allSettled(Array.from({ length: connections }, (_, n) => once(`warm up ${n}`)))
}

const unprepared = subjectOf({ name: 'postgresStore', preparedStatements: false })
const prepared = subjectOf({ name: 'postgresStore with prepared statements', preparedStatements: true })

testOutboxStore(unprepared)
testInboxStore(unprepared)
testInboxStore(prepared)
testIdempotencyStore(unprepared)
testIdempotencyStore(prepared)
testRelayStore(unprepared)
testMonitorStore(unprepared)
