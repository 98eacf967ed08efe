import { randomUUID } from 'node:crypto'
import { type Lease, originCursor } from '@pigeonhole/core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { postgresStore } from '../pg/postgres-store.js'
import { SpecDatabase } from '../spec-database.fake.js'
import { measureUncoveredMessages } from '../sql/outbox-message/measure-uncovered.js'
import { measuredRows } from './read-measures.js'

let database: SpecDatabase
const rows = 3 * measuredRows

beforeAll(async () => {
  database = await SpecDatabase.create()
  for (const slot of [0, 1, 2, 3])
    await database.pool.query(`ALTER TABLE pigeonhole.outbox_message_${slot} SET (autovacuum_enabled = off)`)
})
afterAll(() => database.drop())

const insertRows = `INSERT INTO pigeonhole.outbox_message (bucket, id, topic, headers)
  SELECT n % 256, gen_random_uuid(), 't', '[]' FROM generate_series(1, $1::int) AS n`

interface PlanNode {
  readonly 'Node Type': string
  readonly 'Relation Name'?: string
  readonly 'Actual Rows'?: number
  readonly 'Rows Removed by Filter'?: number
  readonly Plans?: readonly PlanNode[]
}

/** How many rows of the outbox a measurement behind a cursor has looked at. */
async function lookedAt(cursor: typeof originCursor): Promise<number> {
  const text = `EXPLAIN (ANALYZE, FORMAT JSON) ${measureUncoveredMessages.text('"pigeonhole"')}`
  const params = { cursor, buckets: { first: 0, last: 63 }, limit: measuredRows }
  const { rows: found } = await database.pool.query<{ 'QUERY PLAN': [{ Plan: PlanNode }] }>(text, [
    ...measureUncoveredMessages.bind(params),
  ])
  const visit = (node: PlanNode): number => {
    const here = (node['Actual Rows'] ?? 0) + (node['Rows Removed by Filter'] ?? 0)
    const below = (node.Plans ?? []).reduce((sum, plan) => sum + visit(plan), 0)
    return below + (node['Relation Name']?.startsWith('outbox_message') ? here : 0)
  }
  return found.reduce((sum, row) => sum + visit(row['QUERY PLAN'][0].Plan), 0)
}

/** The shard's batch 0 with this cursor, confirmed. */
async function confirm(cursor: typeof originCursor): Promise<void> {
  const store = postgresStore(database.pool)
  const token = randomUUID()
  await store.provideShards([{ first: 0, last: 255 }])
  await database.pool.query('DELETE FROM pigeonhole.relay_batch')
  const observed = (await store.readLease(0)) as Lease
  await store.takeLease({ shard: 0, holder: 'holder', observed })
  await store.changeToken({ shard: 0, holder: 'holder', token })
  await store.guarded({ shard: 0, token, confirmed: 0 }, (tx) =>
    tx.insertBatch({ number: 0, token: randomUUID(), parent: null, cursor }),
  )
}

/** A cursor of when a transaction with many messages was open, which has committed since. */
async function whileOneRan(): Promise<typeof originCursor> {
  const store = postgresStore(database.pool)
  const client = await database.pool.connect()
  await client.query('BEGIN')
  await client.query(insertRows, [rows])
  await database.pool.query('SELECT pg_current_xact_id()')
  const from = await store.readSnapshot()
  await client.query('COMMIT')
  client.release()
  return { from, until: null, lastSeq: '0' }
}

describe('measures of a long outbox', () => {
  it('look at no more rows than their bound, wherever the backlog is, and say that there may be more', async () => {
    const store = postgresStore(database.pool)
    const ran = await whileOneRan()
    const start = await store.readSnapshot()
    await database.pool.query(insertRows, [rows])
    const end = await store.readSnapshot()
    await database.pool.query('ANALYZE pigeonhole.outbox_message')
    const behind = { from: start, until: null, lastSeq: '0' }
    const underWay = { from: start, until: end, lastSeq: String(rows + 5_000) }
    const done = { from: end, until: null, lastSeq: '0' }
    for (const [cursor, pending, atLeast] of [
      [originCursor, measuredRows, true],
      [behind, measuredRows, true],
      [underWay, measuredRows, true],
      [{ ...underWay, lastSeq: String(2 * rows - 10) }, 10, false],
      [ran, 2 * measuredRows, true],
      [done, 0, false],
    ] as const) {
      expect(await lookedAt(cursor)).toBeLessThanOrEqual(3 * measuredRows)
      await confirm(cursor)
      expect((await store.readMeasures()).shards).toEqual([
        { shard: 0, pending, atLeast, oldestAgeSeconds: pending === 0 ? null : expect.any(Number) },
      ])
    }
  })

  it('tell how large each table is', async () => {
    const { tables } = await postgresStore(database.pool).readMeasures()
    const outbox = tables.find(({ table }) => table === 'outbox_message')
    expect(outbox?.bytes).toBeGreaterThan(1_000_000)
    expect(outbox?.estimatedRows).toBe(2 * rows)
    expect(tables.map(({ table }) => table)).toEqual(
      expect.arrayContaining(['inbox_message', 'inbox_position', 'parked_message', 'relay_batch']),
    )
  })
})
