import { randomUUID } from 'node:crypto'
import type { CapturedRow } from '@pigeonhole/core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { SpecDatabase } from '../spec-database.fake.js'
import { maybeHeld } from './held-rows.js'

let database: SpecDatabase

beforeAll(async () => {
  database = await SpecDatabase.create()
  await database.pool.query(
    'INSERT INTO pigeonhole.relay_shard (shard, first_bucket, last_bucket) VALUES (0, 0, 255)',
  )
})
afterAll(() => database.drop())

function row(topic: string, key: string | null): CapturedRow {
  const bytes = key === null ? null : Buffer.from(key)
  return {
    seq: '1',
    id: randomUUID(),
    topic,
    key: bytes,
    partition: null,
    bucket: 0,
    headers: [],
    payload: null,
  }
}

const page = [row('t', 'key-1'), row('t', 'other'), row('t', null), row('u', 'key-1'), row('paused', null)]

async function held(): Promise<string[]> {
  const session = await database.session()
  try {
    const rows = await maybeHeld(session, 0, page)
    return rows.map(({ topic, key }) => `${topic}/${key}`)
  } finally {
    session.client.release()
  }
}

describe('the rows of a page that may have to be parked', () => {
  it('are those of blocked keys and of paused topics', async () => {
    expect(await held()).toEqual([])
    await database.pool.query(
      `INSERT INTO pigeonhole.parked_key (side, scope, topic, key, bucket)
       VALUES ('outbox', '', 't', 'key-1', 0), ('inbox', '', 't', 'other', 0);
       INSERT INTO pigeonhole.paused_topic (shard, topic, error_code, error, attempts, retry_at)
       VALUES (0, 'paused', 'TOPIC_MISSING', 'gone', 1, now()), (1, 'u', 'TOPIC_MISSING', 'gone', 1, now())`,
    )
    expect(await held()).toEqual(['t/key-1', 'paused/null'])
  })

  it('are all of them where more keys are blocked than are looked at', async () => {
    await database.pool.query(
      `INSERT INTO pigeonhole.parked_key (side, scope, topic, key, bucket)
       SELECT 'outbox', '', 'many', ('key-' || n)::bytea, 0 FROM generate_series(1, 1001) AS n`,
    )
    expect(await held()).toHaveLength(page.length)
  })
})
