import { afterEach, beforeEach, expect, it } from 'vitest'
import { SpecDatabase } from '../spec-database.fake.js'
import { migrate } from './migrate.js'
import { renderMigrations } from './render.js'

let database: SpecDatabase
const migrations = await renderMigrations()
const before = migrations.slice(0, 6)

// The tables as they were before, with something parked.
beforeEach(async () => {
  database = await SpecDatabase.create({ tables: false })
  for (const { sql } of before) await database.pool.query(sql)
  await database.pool.query(park('short'))
})
afterEach(() => database.drop())

/** What an earlier release, or a test of it, writes. */
const park = (key: string): string => `
  INSERT INTO pigeonhole.parked_key (side, scope, topic, key) VALUES ('inbox', 'i', 't', '${key}');
  INSERT INTO pigeonhole.parked_message (side, scope, topic, key, headers, error) VALUES ('inbox', 'i', 't', '${key}', '[]', 'e')`
// 9,600 bytes that cannot be compressed.
const long = `DO $$ DECLARE long bytea := (SELECT string_agg(sha256(n::text::bytea), '') FROM generate_series(1, 300) AS n);
  BEGIN
    INSERT INTO pigeonhole.parked_key (side, scope, topic, key) VALUES ('inbox', 'i', 't', long);
    INSERT INTO pigeonhole.parked_message (side, scope, topic, key, headers, error) VALUES ('inbox', 'i', 't', long, '[]', 'e');
  END $$`
const found = `SELECT octet_length(blocked.key) AS key FROM pigeonhole.parked_key AS blocked
  JOIN pigeonhole.parked_message AS message ON sha256(message.key) = blocked.key_digest ORDER BY 1`

it('keeps what is parked, and takes keys that no index did', async () => {
  const { pool } = database
  await expect(pool.query(long)).rejects.toMatchObject({ code: '54000' })
  await migrate({ pool })
  await pool.query(long)
  expect((await pool.query(found)).rows).toEqual([{ key: 5 }, { key: 9_600 }])
})

it('runs again, with the migrations before it, over what it has made, whatever is parked', async () => {
  const { pool } = database
  await migrate({ pool })
  await pool.query(long)
  for (const { sql } of migrations) await pool.query(sql)
  expect((await pool.query(found)).rows).toEqual([{ key: 5 }, { key: 9_600 }])
})

// It would not find what is parked of a long key otherwise, or forget to park behind it.
it('has an earlier release find what is blocked, and park nothing', async () => {
  const { pool } = database
  await migrate({ pool })
  const held =
    "SELECT FROM pigeonhole.parked_key WHERE side = 'inbox' AND topic = 't' AND key = 'short' FOR KEY SHARE"
  expect((await pool.query(held)).rowCount).toBe(1)
  const parking = `INSERT INTO pigeonhole.parked_key AS parked_key (side, scope, topic, key) VALUES ('inbox', 'i', 't', 'new')
    ON CONFLICT (side, scope, topic, key) DO UPDATE SET error = parked_key.error`
  await expect(pool.query(parking)).rejects.toMatchObject({ code: '42P10' })
})
