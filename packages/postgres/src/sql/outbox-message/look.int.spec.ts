import type { Cursor, Look } from '@pigeonhole/core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { SpecDatabase } from '../../spec-database.fake.js'
import { insertRelayShards } from '../relay-shard/insert.js'
import { scansOf } from '../scans.fake.js'
import { longestLook, lookForUncoveredMessage } from './look-for-uncovered.js'
import { selectPassage } from './select-passage.js'

/** So many messages of shard 0 lie behind the cursor of shard 1. */
const passed = 300_000
const insertRows = `INSERT INTO pigeonhole.outbox_message (bucket, id, topic, headers, payload)
  SELECT $1, gen_random_uuid(), 't', '[]', convert_to(repeat('x', 200), 'UTF8') FROM generate_series(1, $2::int)`

let database: SpecDatabase
let old: Cursor

async function snapshotNow(): Promise<string> {
  const { rows } = await database.pool.query<{ snapshot: string }>(
    'SELECT pg_current_snapshot()::text AS snapshot',
  )
  return rows[0]?.snapshot ?? ''
}

async function look(shard: number, cursor: Cursor): Promise<{ found: Look; rows: number }> {
  const { text, bind, decode } = lookForUncoveredMessage
  const params = { shard, cursor }
  const { rows } = await database.pool.query<Record<string, unknown>>(text('"pigeonhole"'), [...bind(params)])
  const scans = await scansOf(database.pool, lookForUncoveredMessage, params)
  const looked = scans.filter(({ table }) => table.startsWith('outbox_message'))
  return { found: decode(rows[0] ?? {}), rows: looked.reduce((sum, scan) => sum + scan.rows, 0) }
}

async function passOver(cursor: Cursor): Promise<Cursor | null> {
  const { text, bind, decode } = selectPassage
  const bound = [...bind({ shard: 1, cursor })]
  const { rows } = await database.pool.query<Record<string, unknown>>(text('"pigeonhole"'), bound)
  return decode(rows[0] ?? {})
}

// With statistics from before, as after a burst.
beforeAll(async () => {
  database = await SpecDatabase.create()
  const { pool } = database
  for (const slot of [0, 1, 2, 3])
    await pool.query(`ALTER TABLE pigeonhole.outbox_message_${slot} SET (autovacuum_enabled = off)`)
  const halves = [
    { first: 0, last: 127 },
    { first: 128, last: 255 },
  ]
  await pool.query(insertRelayShards.text('"pigeonhole"'), [...insertRelayShards.bind(halves)])
  for (let transactions = 0; transactions < 200; transactions++) await pool.query(insertRows, [200, 5])
  await pool.query('ANALYZE pigeonhole.outbox_message')
  old = { from: await snapshotNow(), until: null, lastSeq: '0' }
}, 60_000)
afterAll(() => database.drop())

describe('a look of a shard to which nothing is published, while another one passes hundreds of thousands', () => {
  beforeAll(async () => {
    for (let rows = 0; rows < passed; rows += 10_000) await database.pool.query(insertRows, [5, 10_000])
  }, 120_000)

  it('goes through no more of them than it may', async () => {
    expect(await look(1, old)).toEqual({ found: 'others', rows: longestLook })
  })

  it('goes through no more of those that ran at the cursor', async () => {
    const writer = await database.pool.connect()
    try {
      await writer.query('BEGIN')
      await writer.query(insertRows, [5, 2 * longestLook])
      await database.pool.query(insertRows, [5, 1])
      const behindRunning = { from: await snapshotNow(), until: null, lastSeq: '0' }
      await writer.query('COMMIT')
      expect(await look(1, behindRunning)).toEqual({ found: 'others', rows: longestLook })
    } finally {
      writer.release()
    }
  })

  it('goes through none once its cursor is past them', async () => {
    const cursor = await passOver(old)
    expect(cursor).not.toBeNull()
    expect(await look(1, cursor ?? old)).toEqual({ found: 'nothing', rows: 0 })
  })

  it('ends at the first message of its own', async () => {
    await database.pool.query(insertRows, [200, 1])
    expect(await look(1, old)).toEqual({ found: 'messages', rows: 1 })
    expect(await look(0, old)).toMatchObject({ found: 'messages' })
  })

  it('finds out behind the others whether its own are among them', async () => {
    await database.pool.query(insertRows, [5, 2 * longestLook])
    expect(await look(1, old)).toMatchObject({ found: 'others' })
    expect(await passOver(old)).toBeNull()
  })
})
