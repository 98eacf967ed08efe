import { migrate } from '@pigeonhole/postgres'
import { createDatabase, startPgBouncer, type TestDatabase } from '@pigeonhole/testing'
import { afterAll, beforeAll, expect, inject, it } from 'vitest'
import { consult } from './doctor-run.js'

let database: TestDatabase

beforeAll(async () => {
  database = await createDatabase({ url: inject('databaseUrl') })
  await migrate({ connectionString: database.url })
})
afterAll(() => database.drop())

it.each([
  [
    'statement',
    { code: 4, findings: { pooler: [{ severity: 'broken', is: expect.stringContaining('refuses BEGIN') }] } },
  ],
  [
    'transaction',
    {
      code: 0,
      findings: { pooler: [{ severity: 'note', is: expect.stringContaining('transaction mode') }] },
    },
  ],
])('tells PgBouncer in %s mode', async (mode, expected) => {
  await using bouncer = await startPgBouncer({ url: database.url, settings: { pool_mode: mode } })
  expect(await consult([], { DATABASE_URL: bouncer.url })).toMatchObject(expected)
})

it.each([
  ['gives sessions out in turn', { server_round_robin: '1' }],
  ['has one session', { default_pool_size: '1' }],
])('tells transaction mode where the pooler %s', async (_, settings) => {
  await using bouncer = await startPgBouncer({
    url: database.url,
    settings: { pool_mode: 'transaction', ...settings },
  })
  expect((await consult([], { DATABASE_URL: bouncer.url })).findings).toMatchObject({
    pooler: [{ severity: 'note' }],
  })
})

it('has nothing to say of PgBouncer in session mode', async () => {
  await using bouncer = await startPgBouncer({ url: database.url, settings: { pool_mode: 'session' } })
  expect(await consult([], { DATABASE_URL: bouncer.url })).toEqual({ code: 0, findings: {} })
})
