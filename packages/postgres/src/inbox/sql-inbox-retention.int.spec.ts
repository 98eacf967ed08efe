import { afterEach, beforeEach, expect, it } from 'vitest'
import { type PostgresStore, postgresStore } from '../pg/postgres-store.js'
import { SpecDatabase } from '../spec-database.fake.js'
import { forgetOldIds } from '../sql/inbox-message/forget-old.js'
import { rewindInboxPosition } from '../sql/inbox-position/rewind.js'

let database: SpecDatabase
let store: PostgresStore
beforeEach(async () => {
  database = await SpecDatabase.create()
  store = postgresStore(database.pool)
})
afterEach(() => database.drop())

const place = { topic: 'orders', partition: 0 }
const all = { keepMs: 0, limit: 1_000 }

async function receive(id: string, offset: bigint): Promise<void> {
  await store.transaction({ timeoutMs: 5_000 }, async (tx) => {
    const range = { ...place, first: offset, last: offset }
    const messages = [{ id: { scope: 'orders', id }, key: null }]
    await store.receiveMessages(tx, 'a', { topic: 'orders', range, messages })
  })
}

const waiting = async (): Promise<number> => {
  const { rows } = await database.pool.query(
    "SELECT count(*)::int AS waiting FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'",
  )
  return rows[0]?.waiting
}

it('waits for a rewind under way, and then forgets nothing of what is read again', async () => {
  await receive('m1', 7n)
  const operator = await database.pool.connect()
  await operator.query('BEGIN')
  const rewind = { inbox: 'a', ...place, from: 8n, to: 3n }
  await operator.query(rewindInboxPosition.text('pigeonhole'), [...rewindInboxPosition.bind(rewind)])
  const forgetting = store.retention.forget('a', all)
  await expect.poll(waiting).toBe(1)
  await operator.query('COMMIT')
  operator.release()
  expect(await forgetting).toBe(0)
})

it('finds the oldest by the index, however many ids there are of this and other inboxes', async () => {
  const { pool } = database
  await pool.query(`INSERT INTO pigeonhole.inbox_message (inbox, scope, message_id, received_at)
    SELECT inbox, 'orders', i::text, now() - i * interval '1 s'
    FROM generate_series(1, 20000) AS i, unnest(ARRAY['a', 'b']) AS inbox`)
  await pool.query('ANALYZE pigeonhole.inbox_message')
  const { rows } = await pool.query(
    `EXPLAIN (ANALYZE, BUFFERS OFF, FORMAT JSON) ${forgetOldIds.text('pigeonhole')}`,
    [...forgetOldIds.bind({ inbox: 'a', terms: { keepMs: 5_000_000, limit: 100 } })],
  )
  expect(JSON.stringify(rows)).toContain('"Index Name":"inbox_message_inbox_received_at_idx"')
  const { rows: left } = await pool.query(
    "SELECT count(*)::int AS left, max(message_id::int) AS oldest FROM pigeonhole.inbox_message WHERE inbox = 'a'",
  )
  expect(left).toEqual([{ left: 19_900, oldest: 19_900 }])
})
