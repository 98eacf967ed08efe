import { randomUUID } from 'node:crypto'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { SpecDatabase } from '../spec-database.fake.js'
import { migrate } from './migrate.js'
import { renderMigrations } from './render.js'

let database: SpecDatabase
const [init, shards, inboxParking] = await renderMigrations()

// The tables as they were before the ring.
beforeEach(async () => {
  database = await SpecDatabase.create({ tables: false })
  for (const migration of [init, shards, inboxParking]) await database.pool.query(migration?.sql ?? '')
})
afterEach(() => database.drop())

const insert = `INSERT INTO pigeonhole.outbox_message (bucket, id, topic, headers)
  VALUES (0, gen_random_uuid(), 't', '[]')`
const rowsOf =
  'SELECT seq, xid::text AS xid, xmin::text AS xmin, id FROM pigeonhole.outbox_message ORDER BY seq'

it('keeps every row as it is, and goes on numbering behind them', async () => {
  const { pool } = database
  for (let i = 0; i < 3; i++) await pool.query(insert)
  const { rows: before } = await pool.query(rowsOf)
  await migrate({ pool })
  expect((await pool.query(rowsOf)).rows).toEqual(before)
  const { rows } = await pool.query(
    `${insert} RETURNING seq::int AS seq, tableoid::regclass::text AS partition`,
  )
  expect(rows).toEqual([{ seq: expect.any(Number), partition: 'pigeonhole.outbox_message_0' }])
  expect(rows[0]?.seq).toBeGreaterThan(3)
})

it('has each row in the partition that is current, also those inserted by hand', async () => {
  const { pool } = database
  await migrate({ pool })
  await pool.query('UPDATE pigeonhole.outbox_ring SET slot = 2')
  const { rows } = await pool.query(`${insert} RETURNING tableoid::regclass::text AS partition`)
  expect(rows).toEqual([{ partition: 'pigeonhole.outbox_message_2' }])
})

it('leaves the tables to whom they belonged, also where an administrator migrates', async () => {
  const { pool } = database
  const owner = `owner_${randomUUID().slice(0, 8)}`
  await pool.query(`CREATE ROLE ${owner}`)
  try {
    await pool.query(`GRANT USAGE ON SCHEMA pigeonhole TO ${owner};
      ALTER TABLE pigeonhole.outbox_message OWNER TO ${owner}`)
    await migrate({ pool })
    await pool.query(`SET ROLE ${owner}; ${insert}; TRUNCATE pigeonhole.outbox_message_3; RESET ROLE`)
    const { rows } = await pool.query(`SELECT relname FROM pg_class
      WHERE relname ~ '^outbox_(message|message_[0-3]|ring)$' AND relowner::regrole::text = '${owner}' ORDER BY relname`)
    const tables = ['message', 'message_0', 'message_1', 'message_2', 'message_3', 'ring']
    expect(rows.map(({ relname }) => relname)).toEqual(tables.map((name) => `outbox_${name}`))
  } finally {
    await pool.query(`DROP OWNED BY ${owner}; DROP ROLE ${owner}`)
  }
})

it('leaves everybody the privileges that they had, and lets relays truncate', async () => {
  const { pool } = database
  const [publisher, relay, operator] = ['p', 'r', 'o'].map((name) => `${name}_${randomUUID().slice(0, 8)}`)
  for (const role of [publisher, relay, operator]) await pool.query(`CREATE ROLE ${role}`)
  try {
    await pool.query(`GRANT USAGE ON SCHEMA pigeonhole TO ${publisher}, ${relay}, ${operator};
      GRANT INSERT ON pigeonhole.outbox_message TO ${publisher};
      GRANT SELECT, DELETE ON pigeonhole.outbox_message TO ${relay};
      GRANT UPDATE (xid) ON pigeonhole.outbox_message TO ${operator}`)
    await migrate({ pool })
    const { rows } = await pool.query(`SELECT
      has_table_privilege('${publisher}', 'pigeonhole.outbox_message', 'INSERT') AS publishes,
      has_table_privilege('${publisher}', 'pigeonhole.outbox_message', 'SELECT') AS reads,
      has_table_privilege('${relay}', 'pigeonhole.outbox_message_3', 'TRUNCATE') AS truncates,
      has_table_privilege('${relay}', 'pigeonhole.outbox_ring', 'UPDATE') AS turns,
      has_column_privilege('${operator}', 'pigeonhole.outbox_message', 'xid', 'UPDATE') AS renumbers`)
    const held = { publishes: true, reads: false, truncates: true, turns: true, renumbers: true }
    expect(rows).toEqual([held])
    await pool.query(`SET ROLE ${publisher}; ${insert}; RESET ROLE`)
  } finally {
    await pool.query(
      `DROP OWNED BY ${publisher}, ${relay}, ${operator}; DROP ROLE ${publisher}, ${relay}, ${operator}`,
    )
  }
})

it.each([
  ['a publication', 'CREATE PUBLICATION p FOR TABLE pigeonhole.outbox_message', 'publication p'],
  ['a view', 'CREATE VIEW seen AS SELECT seq FROM pigeonhole.outbox_message', 'view or rule on seen'],
  ['an index', 'CREATE INDEX mine ON pigeonhole.outbox_message (topic)', 'index pigeonhole.mine'],
  ['a policy', 'CREATE POLICY mine ON pigeonhole.outbox_message USING (true)', 'policy mine'],
])('stops at %s that would see one partition alone, with nothing changed', async (_, sql, named) => {
  const { pool } = database
  await pool.query(sql)
  await expect(migrate({ pool })).rejects.toThrow(named)
  const { rows } = await pool.query("SELECT to_regclass('pigeonhole.outbox_ring') AS ring")
  expect(rows).toEqual([{ ring: null }])
})

it('tells a relay that finds rows by their place in one table that it is outdated', async () => {
  const { pool } = database
  await migrate({ pool })
  const intent = `INSERT INTO pigeonhole.relay_batch (shard, number, token, cursor_from, last_seq)
    VALUES (0, 1, 't', '1:1:', 0)`
  await expect(pool.query(intent)).rejects.toThrow('This relay is older than the tables')
})

it('has a relay that is older than it delete nothing but what it has asked for', async () => {
  const { pool } = database
  await migrate({ pool })
  for (const slot of [0, 1, 2]) {
    await pool.query('UPDATE pigeonhole.outbox_ring SET slot = $1', [slot])
    await pool.query(insert)
  }
  const { rows } = await pool.query('SELECT ctid, seq FROM pigeonhole.outbox_message ORDER BY seq')
  expect(new Set(rows.map(({ ctid }) => ctid)).size).toBe(1)
  await pool.query('DELETE FROM pigeonhole.outbox_message WHERE seq = ANY (ARRAY[$1::bigint])', [
    rows[1]?.seq,
  ])
  expect((await pool.query('SELECT seq FROM pigeonhole.outbox_message ORDER BY seq')).rows).toEqual([
    { seq: rows[0]?.seq },
    { seq: rows[2]?.seq },
  ])
})
