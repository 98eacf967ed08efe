import { originCursor } from '@pigeonhole/core'
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest'
import { SpecDatabase } from '../spec-database.fake.js'
import { readPage } from './read-page.js'

let database: SpecDatabase

beforeAll(async () => {
  database = await SpecDatabase.create()
})
afterAll(() => database.drop())

const insertAt = `INSERT INTO pigeonhole.outbox_message (seq, bucket, id, topic, headers)
  OVERRIDING SYSTEM VALUE VALUES ($1::bigint, 0, gen_random_uuid(), 't', '[]')`

it('has the rows by their seq, whatever the order in which they were written', async () => {
  const { client, ...session } = await database.session()
  onTestFinished(() => client.release(true))
  // Through the indexes they may come in their order by chance.
  await client.query(
    'SET enable_indexscan = off; SET enable_indexonlyscan = off; SET enable_bitmapscan = off',
  )
  for (const seq of [4, 3, 2, 1]) await client.query(insertAt, [seq])
  const seqs: string[] = []
  let cursor = originCursor
  for (let page = 0; page < 4; page++) {
    const { rows, cursor: next } = await readPage(session, cursor, {
      bounds: { maxRows: 1, maxBytes: 1_000 },
      buckets: { first: 0, last: 255 },
    })
    seqs.push(...rows.map(({ seq }) => seq))
    cursor = next
  }
  expect(seqs).toEqual(['1', '2', '3', '4'])
})
