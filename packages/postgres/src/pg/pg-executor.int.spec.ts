import pg from 'pg'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { SpecDatabase } from '../spec-database.fake.js'
import { pgExecutor } from './pg-executor.js'

let database: SpecDatabase

beforeAll(async () => {
  database = await SpecDatabase.create({ tables: false })
})
afterAll(() => database.drop())

const columns =
  "SELECT 'text' AS text, 42::int4 AS int, true AS yes, false AS no, 1.5::float8 AS float, decode('00ff', 'hex') AS bytes, NULL::text AS nothing, 5::int8 AS big"
const row = {
  text: 'text',
  int: 42,
  yes: true,
  no: false,
  float: 1.5,
  bytes: Buffer.from([0, 255]),
  nothing: null,
  big: '5',
}

it('reads the types of our statements, whatever parsers the application has set', async () => {
  const before = [16, 17, 20, 23, 25].map((oid) => [oid, pg.types.getTypeParser(oid)] as const)
  for (const [oid] of before) pg.types.setTypeParser(oid, () => 'spoilt')
  try {
    const client = await database.pool.connect()
    const rows = await pgExecutor(client, 'pigeonhole').query(columns, [])
    client.release()
    expect(rows).toEqual([row])
  } finally {
    for (const [oid, parser] of before) pg.types.setTypeParser(oid, parser)
  }
})

it('uses no prepared statement that outlives a call, which PgBouncer could not follow', async () => {
  const client = await database.pool.connect()
  await pgExecutor(client, 'pigeonhole').query('SELECT $1::text AS text', ['x'])
  expect((await client.query('SELECT name FROM pg_prepared_statements')).rows).toEqual([])
  client.release()
})

it('says what is wrong when bytea comes in the old form', async () => {
  const client = await database.pool.connect()
  await client.query("SET bytea_output = 'escape'")
  const reading = pgExecutor(client, 'pigeonhole').query(columns, [])
  await expect(reading).rejects.toThrow("bytea_output is 'escape'")
  client.release(true)
})
