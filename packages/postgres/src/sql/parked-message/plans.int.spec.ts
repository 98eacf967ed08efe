import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { SpecDatabase } from '../../spec-database.fake.js'
import { parkBlockedMessages } from '../outbox-message/park-blocked.js'
import { scansOf } from '../scans.fake.js'
import type { Statement } from '../statement.js'
import { lookAtParking } from './look.js'
import { measureParking } from './measure.js'
import { releaseParkedMessages } from './release.js'
import { selectReleases } from './select-releases.js'

let database: SpecDatabase
const bounds = { maxRows: 500, maxBytes: 1_000_000 }

// A key with 10,000 followers waits for an operator; behind them lies all else.
const parked = `
  INSERT INTO pigeonhole.relay_shard (shard, first_bucket, last_bucket) VALUES (0, 0, 255) ON CONFLICT DO NOTHING;
  INSERT INTO pigeonhole.parked_key (side, scope, topic, key, bucket, error_code, error, attempts)
  SELECT 'outbox', '', 't', name::bytea, 7, 'RECORD_REFUSED', 'large', 1 FROM unnest(ARRAY['followed', 'due']) AS name;
  INSERT INTO pigeonhole.parked_message (side, scope, topic, key, message_id, bucket, headers, payload, error, created_at)
  SELECT 'outbox', '', 't', 'followed', gen_random_uuid()::text, 7, '[]', repeat('x', 200)::bytea, 'large', now()
  FROM generate_series(1, 10000);
  INSERT INTO pigeonhole.parked_message (side, scope, topic, key, message_id, bucket, headers, payload, error, created_at)
  SELECT 'outbox', '', 't', 'due', gen_random_uuid()::text, 7, '[]', repeat('x', 200)::bytea, 'large', now()
  FROM generate_series(1, 3);
  INSERT INTO pigeonhole.outbox_message (bucket, id, topic, key, headers, payload)
  SELECT 9, gen_random_uuid(), 't', ('other-' || n)::bytea, '[]', repeat('x', 200)::bytea FROM generate_series(1, 500) AS n;
  ANALYZE pigeonhole.parked_message, pigeonhole.parked_key, pigeonhole.outbox_message`

beforeAll(async () => {
  database = await SpecDatabase.create()
  await database.pool.query(parked)
})
afterAll(() => database.drop())

/** How many parked messages a statement looks at. */
async function walked<P>(statement: Statement<P, unknown>, params: P): Promise<number> {
  const scans = await scansOf(database.pool, statement, params)
  return scans.filter(({ table }) => table === 'parked_message').reduce((sum, { rows }) => sum + rows, 0)
}

describe('a measurement', () => {
  it('counts no more of them than its limit, and says that there may be more', async () => {
    expect(await walked(measureParking, { limit: 100 })).toBe(101)
    const { rows } = await database.pool.query(measureParking.text('"pigeonhole"'), [
      ...measureParking.bind({ limit: 100 }),
    ])
    expect(rows.map((row) => measureParking.decode(row))).toEqual([
      { messages: 100, atLeast: true, pausedTopics: 0 },
    ])
  })
})

describe('a relay does not walk the followers of a parked key', () => {
  it('when it looks whether something is due', async () => {
    expect(await walked(lookAtParking, 0)).toBeLessThan(10)
  })

  it('when it takes out of a page what is blocked', async () => {
    const { rows } = await database.pool.query<{ seq: string }>('SELECT seq FROM pigeonhole.outbox_message')
    const seqs = rows.map(({ seq }) => seq)
    expect(await walked(parkBlockedMessages, { shard: 0, seqs })).toBe(0)
  })

  it('when nothing is due', async () => {
    expect(await walked(selectReleases, { shard: 0, bounds })).toBeLessThan(10)
  })

  it('when another key is sent again, which is younger, and taken off', async () => {
    await database.pool.query("UPDATE pigeonhole.parked_key SET retry_at = now() WHERE key = 'due'")
    expect(await walked(selectReleases, { shard: 0, bounds })).toBeLessThan(20)
    const { rows } = await database.pool.query<{ id: string }>(
      "SELECT id FROM pigeonhole.parked_message WHERE key = 'due'",
    )
    expect(
      await walked(
        releaseParkedMessages,
        rows.map(({ id }) => id),
      ),
    ).toBeLessThan(20)
    const keys = await database.pool.query(
      "SELECT convert_from(key, 'UTF8') AS key FROM pigeonhole.parked_key",
    )
    expect(keys.rows).toEqual([{ key: 'followed' }])
  })

  it('when a message without a key is sent again', async () => {
    await database.pool.query(
      `INSERT INTO pigeonhole.parked_message
        (side, scope, topic, message_id, bucket, headers, error_code, error, created_at, retry_at)
       VALUES ('outbox', '', 't', 'alone', 7, '[]', 'RECORD_REFUSED', 'large', now(), now())`,
    )
    expect(await walked(selectReleases, { shard: 0, bounds })).toBeLessThan(20)
  })

  it('when they are sent themselves, beyond what fits in a batch', async () => {
    await database.pool.query("UPDATE pigeonhole.parked_key SET retry_at = now() WHERE key = 'followed'")
    expect(await walked(selectReleases, { shard: 0, bounds })).toBeLessThan(4 * bounds.maxRows)
  })
})
