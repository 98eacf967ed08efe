import type { Cleaning } from '@pigeonhole/core'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { SpecDatabase } from '../spec-database.fake.js'
import type { SqlSession } from '../sql/statement.js'
import { reclaim } from './reclaim.js'

let database: SpecDatabase
const atOnce: Cleaning = { retentionMs: 0, partitionBytes: 0, partitionMs: 0 }
const insertInto = (
  slot: number,
): string => `INSERT INTO pigeonhole.outbox_message (bucket, id, topic, headers, slot)
  VALUES (0, gen_random_uuid(), 't', '[]', ${slot})`

// Partition 0 has a message that is confirmed, and 1 is written to.
beforeEach(async () => {
  database = await SpecDatabase.create()
  await database.pool.query(insertInto(0))
  await database.pool.query(`
    INSERT INTO pigeonhole.relay_shard (shard, confirmed, lease_token, agreed_token) VALUES (0, 0, 'token', 'token');
    INSERT INTO pigeonhole.relay_batch (shard, number, token, cursor_from, last_seq, revision)
      VALUES (0, 0, 't', pg_current_snapshot(), 0, 3);
    UPDATE pigeonhole.outbox_ring SET slot = 1`)
})
afterEach(() => database.drop())

// A cleaning may stand still for less long than this process may on a busy machine.
const patience = "SET LOCAL idle_in_transaction_session_timeout = '60s'"

/** Cleans in one transaction; `before` runs ahead of each statement. */
async function clean(before: (text: string) => Promise<void> = async () => undefined) {
  const { client, ...session } = await database.session()
  const watched: SqlSession = {
    ...session,
    executor: {
      query: async (text, values) => {
        await before(text)
        const rows = await session.executor.query(text, values)
        if (text.includes('idle_in_transaction_session_timeout')) await client.query(patience)
        return rows
      },
    },
  }
  client.on('error', () => undefined) // A test ends it.
  await client.query('BEGIN')
  try {
    const reclaimed = await reclaim(watched, atOnce)
    await client.query('COMMIT')
    return reclaimed
  } catch (error) {
    await client.query('ROLLBACK').catch(() => undefined)
    throw error
  } finally {
    client.release()
  }
}

async function left(): Promise<number> {
  return (await database.pool.query('SELECT FROM pigeonhole.outbox_message')).rowCount ?? 0
}

it('empties what is confirmed, beside a transaction that has seen it and stays open', async () => {
  const reader = await database.pool.connect()
  await reader.query('BEGIN ISOLATION LEVEL REPEATABLE READ')
  await reader.query('SELECT FROM pigeonhole.relay_shard')
  expect(await clean()).toMatchObject({ truncated: [0], held: [] })
  expect(
    (await database.pool.query(`SELECT pg_relation_size('pigeonhole.outbox_message_0')::int AS bytes`)).rows,
  ).toEqual([{ bytes: 0 }])
  await reader.query('COMMIT')
  reader.release()
})

it('keeps what was committed between the look and the lock', async () => {
  let isWritten = false
  const reclaimed = await clean(async (text) => {
    if (!text.startsWith('SAVEPOINT') || isWritten) return
    isWritten = true
    await database.pool.query(insertInto(0))
  })
  expect(reclaimed.truncated).toEqual([])
  expect(await left()).toBe(2)
})

it('passes a partition over that somebody has locked, and waits for nobody', async () => {
  const writer = await database.pool.connect()
  await writer.query('BEGIN')
  await writer.query(insertInto(0))
  expect(await clean()).toMatchObject({ truncated: [], held: [0] })
  await writer.query('ROLLBACK')
  writer.release()
  expect(await clean()).toMatchObject({ truncated: [0], held: [] })
})

it('empties nothing while some buckets belong to nobody', async () => {
  await database.pool.query('UPDATE pigeonhole.relay_shard SET last_bucket = 254')
  expect(await clean()).toMatchObject({ truncated: [] })
  expect(await left()).toBe(1)
})

it('keeps everything when its session ends between the truncation and the COMMIT', async () => {
  const killed = clean(async (text) => {
    if (!text.startsWith('RELEASE SAVEPOINT')) return
    await database.pool.query(`SELECT pg_terminate_backend(pid) FROM pg_locks
      WHERE relation = 'pigeonhole.outbox_message_0'::regclass AND mode = 'AccessExclusiveLock' AND granted`)
  })
  await expect(killed).rejects.toThrow()
  expect(await left()).toBe(1)
  expect(await clean()).toMatchObject({ truncated: [0] })
  expect(await left()).toBe(0)
})

it('gives the partition back, with all that is in it, when its process stands still before the COMMIT', async () => {
  const { client, ...session } = await database.session()
  client.on('error', () => undefined)
  await client.query('BEGIN')
  expect(await reclaim(session, atOnce)).toMatchObject({ truncated: [0] })
  // Who publishes waits for nobody, and who reads until the session has ended.
  const writer = await database.pool.connect()
  await writer.query(`SET lock_timeout = 1; ${insertInto(1)}`)
  writer.release(true)
  expect(await left()).toBe(2)
  await expect(client.query('COMMIT')).rejects.toThrow()
  client.release(true)
})

it('empties what a transaction has written and rolled back, and nothing that a savepoint has left', async () => {
  const writer = await database.pool.connect()
  await writer.query(`BEGIN; SAVEPOINT a; ${insertInto(0)}; ROLLBACK TO a; ${insertInto(0)}`)
  expect(await clean()).toMatchObject({ held: [0] })
  await writer.query('COMMIT')
  expect(await clean()).toMatchObject({ truncated: [] })
  expect(await left()).toBe(2)
  await writer.query(`BEGIN; ${insertInto(2)}; ROLLBACK`)
  writer.release()
  expect(await clean()).toMatchObject({ truncated: [2] })
})

it('has pages and writers wait no longer than its own lock', async () => {
  const slow = await database.pool.connect()
  await slow.query(`BEGIN; ${insertInto(0)}`)
  let waited: Promise<unknown> = Promise.resolve()
  const outcome = await clean(async (text) => {
    if (!text.startsWith('LOCK TABLE')) return
    waited = Promise.all([
      database.pool.query('SELECT count(*) FROM pigeonhole.outbox_message'),
      database.pool.query(insertInto(1)),
    ])
  })
  // The slow one is still open: whoever waited behind the lock went on when that was given up.
  await waited
  expect(outcome).toMatchObject({ held: [0] })
  await slow.query('ROLLBACK')
  slow.release()
})

it('fails where a policy hides rows from it: they would go unseen', async () => {
  const { rows } = await database.pool.query("SELECT 'hidden_' || substr(md5(random()::text), 1, 8) AS role")
  const role = rows[0]?.role
  await database.pool.query(insertInto(0))
  await database.pool.query(`CREATE ROLE ${role}; GRANT USAGE ON SCHEMA pigeonhole TO ${role};
    GRANT SELECT, UPDATE, DELETE, TRUNCATE ON ALL TABLES IN SCHEMA pigeonhole TO ${role};
    ALTER TABLE pigeonhole.outbox_message ENABLE ROW LEVEL SECURITY`)
  try {
    const { client, ...session } = await database.session()
    await client.query(`BEGIN; SET LOCAL ROLE ${role}`)
    await expect(reclaim(session, atOnce)).rejects.toMatchObject({ code: 'STORE_ACCESS_DENIED' })
    await client.query('ROLLBACK')
    client.release()
    expect(await left()).toBe(2)
  } finally {
    await database.pool.query(`DROP OWNED BY ${role}; DROP ROLE ${role}`)
  }
})
