import { postgresStore } from '@pigeonhole/postgres'
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

const subject: StoreSubject<pg.ClientBase> = {
  name: 'postgresStore',
  supports: { relay: true },
  async open() {
    const { pool } = database
    const schema = await database.newSchema()
    const outside = await pool.connect()
    return {
      store: postgresStore(pool, { schema }),
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
}

testOutboxStore(subject)
testInboxStore(subject)
testIdempotencyStore(subject)
testRelayStore(subject)
testMonitorStore(subject)
