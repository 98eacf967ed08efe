import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { SpecDatabase } from '../../spec-database.fake.js'
import type { Statement } from '../statement.js'
import { existsUncoveredMessageInSlot } from './exists-uncovered-in-slot.js'
import { existsUncoveredMessageInSnapshot } from './exists-uncovered-in-snapshot.js'
import { lookForUncoveredMessage } from './look-for-uncovered.js'
import { selectFirstPage } from './select-first-page.js'
import { selectNextPage } from './select-next-page.js'

let database: SpecDatabase
const origin = '1:1:'
const newest = '1000:1000:'
const bounds = { maxRows: 500, maxBytes: 1_000_000 }

const insertRows = `INSERT INTO pigeonhole.outbox_message (bucket, id, topic, headers, payload, xid)
  SELECT n % 256, gen_random_uuid(), 't', '[]', convert_to(repeat('x', 200), 'UTF8'), (n / 50 + $1)::text::xid8
  FROM generate_series(1, 30000) AS n`

// Retained rows, all of which the newest snapshot sees, with statistics from when as many lay beyond it.
beforeAll(async () => {
  database = await SpecDatabase.create()
  const { pool } = database
  for (const slot of [0, 1, 2, 3])
    await pool.query(`ALTER TABLE pigeonhole.outbox_message_${slot} SET (autovacuum_enabled = off)`)
  await pool.query(insertRows, [3])
  await pool.query(insertRows, [2000])
  await pool.query('ANALYZE pigeonhole.outbox_message')
  await pool.query("DELETE FROM pigeonhole.outbox_message WHERE xid >= '2000'")
})
afterAll(() => database.drop())

interface PlanNode {
  readonly 'Node Type': string
  readonly 'Index Name'?: string
  readonly 'Relation Name'?: string
  readonly 'Actual Rows'?: number
  readonly 'Rows Removed by Filter'?: number
  readonly Plans?: readonly PlanNode[]
}

const oneShard = { first: 0, last: 255 }
const fourth = { first: 64, last: 127 }

/** The ways in which a statement went through the outbox's rows, and how many it looked at. */
async function scansOf<P>(
  statement: Statement<P, unknown>,
  params: P,
): Promise<{ scans: string[]; rows: number }> {
  const text = `EXPLAIN (ANALYZE, FORMAT JSON) ${statement.text('"pigeonhole"')}`
  const { rows } = await database.pool.query<{ 'QUERY PLAN': [{ Plan: PlanNode }] }>(text, [
    ...statement.bind(params),
  ])
  const nodes: PlanNode[] = []
  const visit = (node: PlanNode): void => {
    nodes.push(node)
    node.Plans?.forEach(visit)
  }
  for (const row of rows) visit(row['QUERY PLAN'][0].Plan)
  const scans = nodes.filter(
    (node) =>
      / Scan/.test(node['Node Type']) &&
      node['Relation Name'] !== 'relay_shard' &&
      !/CTE|Subquery/.test(node['Node Type']),
  )
  const looked = scans.map((node) => (node['Actual Rows'] ?? 0) + (node['Rows Removed by Filter'] ?? 0))
  return {
    // Of whichever partition.
    scans: scans.map((node) =>
      (node['Index Name'] ?? node['Node Type']).replace(/^outbox_message_\d_/, 'outbox_message_'),
    ),
    rows: looked.reduce((sum, count) => sum + count, 0),
  }
}

describe('a relay at rest reads no retained rows', () => {
  it('when it asks whether there are messages', async () => {
    const cursor = { from: newest, until: null, lastSeq: '0' }
    const { scans, rows } = await scansOf(lookForUncoveredMessage, { shard: 0, cursor })
    expect(scans).toContain('outbox_message_xid_idx')
    expect(rows).toBe(0)
  })

  it('when it asks whether a mark is covered', async () => {
    const cursor = { from: newest, until: null, lastSeq: '0' }
    const { scans, rows } = await scansOf(existsUncoveredMessageInSnapshot, {
      shard: 0,
      cursor,
      snapshot: newest,
    })
    expect(scans).not.toContain('Seq Scan')
    expect(rows).toBe(0)
  })

  it('when it asks whether a partition is published', async () => {
    const cursor = { from: newest, until: null, lastSeq: '0' }
    const { scans, rows } = await scansOf(existsUncoveredMessageInSlot, {
      slot: 0,
      cursor,
      buckets: oneShard,
    })
    expect(scans).not.toContain('Seq Scan')
    expect(rows).toBe(0)
  })
})

describe('a relay with a backlog reads no more of it than a page', () => {
  it('when it begins a capture, and fetches payloads by their place', async () => {
    const { scans, rows } = await scansOf(selectFirstPage, { from: origin, bounds, buckets: oneShard })
    expect(scans).toEqual(expect.arrayContaining(['outbox_message_pkey', 'Tid Scan']))
    expect(rows).toBeLessThanOrEqual(3 * bounds.maxRows)
  })

  it('when it goes on with one', async () => {
    const params = { from: origin, until: newest, lastSeq: '15000', bounds, buckets: oneShard }
    const { scans, rows } = await scansOf(selectNextPage, params)
    expect(new Set(scans)).toEqual(new Set(['outbox_message_pkey']))
    expect(rows).toBe(bounds.maxRows)
  })
})

describe('one of four shards reads no more than the rows that lie between its own', () => {
  const most = 4.5 * bounds.maxRows

  it('when it begins a capture', async () => {
    const { scans, rows } = await scansOf(selectFirstPage, { from: origin, bounds, buckets: fourth })
    expect(scans).toEqual(expect.arrayContaining(['outbox_message_pkey', 'Tid Scan']))
    expect(rows).toBeLessThanOrEqual(most + 2 * bounds.maxRows)
  })

  it('when it goes on with one', async () => {
    const params = { from: origin, until: newest, lastSeq: '15000', bounds, buckets: fourth }
    const { scans, rows } = await scansOf(selectNextPage, params)
    expect(new Set(scans)).toEqual(new Set(['outbox_message_pkey']))
    expect(rows).toBeLessThanOrEqual(most)
  })
})

describe('a relay that looks for what is new behind retained rows', () => {
  // Without the dead rows, whose share of the sample would be left to chance.
  beforeAll(() => database.pool.query('VACUUM ANALYZE pigeonhole.outbox_message'))

  it('reads none of them, if the statistics know that they are there', async () => {
    expect((await scansOf(selectFirstPage, { from: newest, bounds, buckets: oneShard })).rows).toBe(0)
  })
})

describe('a row that another server has numbered', () => {
  it('is not captured before this server has come as far, or it would be captured again', async () => {
    const far = '900000000000'
    await database.pool.query(
      `INSERT INTO pigeonhole.outbox_message (bucket, id, topic, headers, xid)
       VALUES (0, gen_random_uuid(), 'copied', '[]', $1::xid8)`,
      [far],
    )
    const { rows } = await database.pool.query<{ seq_text: string; topic: string }>(
      selectFirstPage.text('"pigeonhole"'),
      [...selectFirstPage.bind({ from: newest, bounds, buckets: oneShard })],
    )
    expect(rows).toEqual([])
  })
})
