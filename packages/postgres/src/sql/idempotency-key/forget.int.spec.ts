import { afterAll, beforeAll, expect, it } from 'vitest'
import { SpecDatabase } from '../../spec-database.fake.js'
import { scansOf } from '../scans.fake.js'
import { forgetIdempotencyAnswers } from './forget.js'

let database: SpecDatabase
beforeAll(async () => {
  database = await SpecDatabase.create()
  // 5,000 have expired, the later ones longer ago; 20,000 have not.
  await database.pool.query(`
    INSERT INTO pigeonhole.idempotency_key (tenant, operation, key, fingerprint_version, fingerprint, response_body, expires_at)
    SELECT '', 'POST /orders', 'key-' || n, 1, '\\x01', repeat('x', 200)::bytea,
      now() + CASE WHEN n <= 5000 THEN -n ELSE n END * interval '1 second'
    FROM generate_series(1, 25000) AS n`)
  await database.pool.query('ANALYZE pigeonhole.idempotency_key')
})
afterAll(() => database.drop())

it('looks only at what it forgets, by its index, the oldest first', async () => {
  const scans = await scansOf(database.pool, forgetIdempotencyAnswers, { limit: 100, graceMs: 60_000 })
  const looked = scans.filter(({ table }) => table === 'idempotency_key')
  expect(looked.map(({ by }) => by).sort()).toEqual(['Tid Scan', 'idempotency_key_expires_at_idx'])
  for (const { rows } of looked) expect(rows).toBe(100)
  const { rows } = await database.pool.query(
    `SELECT count(*)::int AS left, max(-extract(epoch FROM expires_at - created_at))::int AS oldest
     FROM pigeonhole.idempotency_key WHERE expires_at < now()`,
  )
  expect(rows).toEqual([{ left: 4_900, oldest: 4_900 }])
})
