import { afterEach, beforeEach, expect, it } from 'vitest'
import { SpecDatabase } from '../spec-database.fake.js'
import { migrate } from './migrate.js'
import { renderMigrations } from './render.js'

let database: SpecDatabase
const migrations = await renderMigrations()
const [sixth, ...later] = migrations.slice(5)
const applied = [sixth, ...later].map((one) => one?.name)

// The tables as they were before.
beforeEach(async () => {
  database = await SpecDatabase.create({ tables: false })
  for (const { sql } of migrations.slice(0, 5)) await database.pool.query(sql)
})
afterEach(() => database.drop())

const index = 'inbox_message_inbox_received_at_idx'
const grow = "UPDATE pg_class SET reltuples = 2e6 WHERE oid = 'pigeonhole.inbox_message'::regclass"

async function versions(): Promise<number> {
  const { rows } = await database.pool.query(
    'SELECT max(version)::int AS version FROM pigeonhole.schema_version',
  )
  return rows[0]?.version
}

it('builds the index where the table is small', async () => {
  expect((await migrate({ pool: database.pool })).applied).toEqual(applied)
})

it('does not hold up inboxes while the index of a large table is built: it says how to build it, and changes nothing', async () => {
  const { pool } = database
  await pool.query(grow)
  const refused = await migrate({ pool }).catch((error: unknown) => error)
  expect(refused).toMatchObject({ message: expect.stringContaining('inbox_message is large') })
  expect(await versions()).toBe(5)
  const { hint } = refused as { readonly hint: string }
  await pool.query(hint.slice(0, hint.indexOf(', then migrate')))
  expect((await migrate({ pool })).applied).toEqual(applied)
  expect(await versions()).toBe(migrations.length)
})

it('takes no index that was given up half built', async () => {
  const { pool } = database
  await pool.query(grow)
  await pool.query(`CREATE INDEX ${index} ON pigeonhole.inbox_message (inbox, received_at)`)
  await pool.query(
    `UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'pigeonhole.${index}'::regclass`,
  )
  await expect(migrate({ pool })).rejects.toThrow('is not valid')
  expect(await versions()).toBe(5)
})

it('runs again over what it has made, also once the table has grown', async () => {
  const { pool } = database
  await migrate({ pool })
  await pool.query(grow)
  await pool.query(sixth?.sql ?? '')
  expect(await versions()).toBe(migrations.length)
})
