import {
  type Cleaning,
  type Cursor,
  type Lease,
  originCursor,
  type RelayStore,
  type ShardFacts,
} from '@pigeonhole/core'
import { type PostgresServer, startPostgres } from '@pigeonhole/testing'
import pg from 'pg'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { postgresStore } from '../pg/postgres-store.js'
import { SpecDatabase } from '../spec-database.fake.js'

// Crashes of the server itself: it has to be this file's own. Commits are not flushed unless a transaction asks for it, and
// hardly ever by anything else.
const settings = { synchronous_commit: 'off', wal_writer_delay: '10s', checkpoint_timeout: '1h' }

let server: PostgresServer
let database: SpecDatabase
let store: RelayStore

beforeAll(async () => {
  server = await startPostgres({ sources: ['docker', 'embedded'], settings })
  database = await SpecDatabase.create({ serverUrl: server.url })
  store = postgresStore(database.pool)
})
afterAll(async () => {
  await database.pool.end()
  await server.stop()
})

const message = `INSERT INTO pigeonhole.outbox_message (bucket, id, topic, headers)
  VALUES (0, gen_random_uuid(), 't', '[]')`

/** Takes shard 0 over and returns the guard's token. */
async function lead(): Promise<string> {
  await store.provideShards([{ first: 0, last: 255 }])
  const observed = (await store.readLease(0)) as Lease
  await store.takeLease({ shard: 0, holder: 'holder', observed })
  await store.changeToken({ shard: 0, holder: 'holder', token: 'token' })
  return 'token'
}

/** Writes the next batch behind what there is, with `between` after the guard and before the page. */
async function writeBatch(
  between: () => Promise<void>,
): Promise<{ readonly rows: number; readonly cursor: Cursor }> {
  const token = await lead()
  return store.guarded({ shard: 0, token, confirmed: 0 }, async (tx) => {
    const parent = (await tx.readFacts()).batches.at(-1)
    await between()
    const page = await tx.readPage(parent?.cursor ?? originCursor, { maxRows: 100, maxBytes: 10_000 })
    const number = parent ? parent.number + 1 : 0
    await tx.insertBatch({
      number,
      token: `batch-${number}`,
      parent: parent?.token ?? null,
      cursor: page.cursor,
    })
    return { rows: page.rows.length, cursor: page.cursor }
  })
}

async function crash(): Promise<ShardFacts> {
  await server.kill()
  await server.restart()
  const token = await lead()
  return store.guarded({ shard: 0, token, confirmed: 0 }, (tx) => tx.readFacts())
}

/** A session that a crash may end. */
async function session(): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: database.url })
  client.on('error', () => undefined)
  await client.connect()
  return client
}

async function begin(...statements: string[]): Promise<pg.Client> {
  const client = await session()
  await client.query('BEGIN')
  for (const statement of statements) await client.query(statement)
  return client
}

const takeId = 'SELECT pg_current_xact_id()'

it('an intent and the rows that it stands for outlive a crash, although nothing else is flushed', async () => {
  const writer = await session()
  for (let n = 0; n < 5; n++) await writer.query(message)
  const { rows, cursor } = await writeBatch(async () => undefined)
  expect(rows).toBe(5)
  const { batches } = await crash()
  expect(batches).toMatchObject([{ number: 0, cursor }])
  expect((await database.pool.query('SELECT FROM pigeonhole.outbox_message')).rowCount).toBe(5)
})

// A snapshot's xmax is the id behind the last one that has ended, and whatever ends with an id leaves a record in the WAL
// before the snapshot can see it, which the intent's commit flushes: the server goes on from there (docs/decisions/002).
it.each<[string, () => Promise<void>]>([
  ['holds an id and has written nothing', async () => void (await begin(takeId))],
  [
    'holds an id below one that was rolled back, neither having written anything',
    async () => {
      await begin(takeId)
      await (await begin(takeId)).query('ROLLBACK')
    },
  ],
  [
    'holds an id below one that was committed with nothing written',
    async () => {
      await begin(takeId)
      await (await begin(takeId)).query('COMMIT')
    },
  ],
  [
    'holds an id below that of a savepoint that was rolled back',
    async () => {
      await begin(takeId)
      await begin(takeId, 'SAVEPOINT s', 'CREATE TEMP TABLE t (n int)', 'ROLLBACK TO s')
    },
  ],
  [
    'committed without waiting for the flush',
    async () => {
      await begin(takeId)
      await (await session()).query(message)
    },
  ],
  [
    'was ended by the operator',
    async () => {
      await begin(takeId)
      const doomed = await begin(takeId)
      const { rows } = await doomed.query<{ pid: number }>('SELECT pg_backend_pid() AS pid')
      const gone = new Promise((resolve) => doomed.once('end', resolve))
      await database.pool.query('SELECT pg_terminate_backend($1)', [rows[0]?.pid])
      await gone
    },
  ],
])(
  'no id on record is ahead of the server after a crash, although another transaction %s',
  async (_, between) => {
    const { cursor } = await writeBatch(between)
    const { batches, xidAhead, serverXid } = await crash()
    expect(batches.at(-1)?.cursor).toEqual(cursor)
    expect(xidAhead).toBeNull()
    const [, xmax = ''] = cursor.from.split(':')
    expect(BigInt(serverXid)).toBeGreaterThanOrEqual(BigInt(xmax))
  },
)

it('a row whose id the crash has freed is captured once it is written again', async () => {
  const lost = await begin(takeId, message)
  const { cursor } = await writeBatch(async () => undefined)
  await lost.query('COMMIT') // Not flushed: the crash may or may not take it.
  await crash()
  const writer = await session()
  const kept = (await writer.query('SELECT seq FROM pigeonhole.outbox_message')).rowCount ?? 0
  await writer.query(message)
  const token = await lead()
  const { rows } = await store.guarded({ shard: 0, token, confirmed: 0 }, (tx) =>
    tx.readPage(originCursor, { maxRows: 100, maxBytes: 100_000 }),
  )
  expect(rows.length).toBe(kept + 1)
  expect(await store.lookForMessages(0, cursor)).toBe('messages')
  await writer.end()
})

const atOnce: Cleaning = { retentionMs: 0, partitionBytes: 0, partitionMs: 0 }

/** Has partition 0 closed, with everything of it confirmed. */
async function closePartition(): Promise<string> {
  const token = await lead()
  await database.pool.query(`TRUNCATE pigeonhole.outbox_message, pigeonhole.relay_batch`)
  await database.pool.query('UPDATE pigeonhole.outbox_ring SET slot = 0')
  const writer = await session()
  for (let n = 0; n < 5; n++) await writer.query(message)
  const { rows } = await writeBatch(async () => undefined)
  expect(rows).toBe(5)
  await store.guarded({ shard: 0, token, confirmed: 0 }, (tx) => tx.agree())
  expect(await store.guarded({ shard: 0, token, confirmed: 0 }, (tx) => tx.reclaim(atOnce))).toMatchObject({
    turned: true,
  })
  return token
}

async function inPartition0(): Promise<number | null> {
  const { rowCount } = await database.pool.query('SELECT FROM pigeonhole.outbox_message_0 WHERE seq > 0')
  return rowCount
}

it('a partition has all of its rows after a crash in the middle of its truncation', async () => {
  const token = await closePartition()
  const cleaning = store.guarded({ shard: 0, token, confirmed: 0 }, async (tx) => {
    expect(await tx.reclaim(atOnce)).toMatchObject({ truncated: [0] })
    await server.kill()
  })
  await expect(cleaning).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' })
  await server.restart()
  expect(await inPartition0()).toBe(5)
})

it('a partition stays empty after a crash behind the COMMIT of its truncation, and takes new rows', async () => {
  const token = await closePartition()
  await store.guarded({ shard: 0, token, confirmed: 0 }, async (tx) => {
    expect(await tx.reclaim(atOnce)).toMatchObject({ truncated: [0] })
  })
  await crash()
  expect(await inPartition0()).toBe(0)
  await database.pool.query(`${message.replace('headers)', 'headers, slot)').replace("'[]')", "'[]', 0)")}`)
  expect(await inPartition0()).toBe(1)
})
