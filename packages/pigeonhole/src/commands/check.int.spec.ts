import { createDatabase, type TestDatabase } from '@pigeonhole/testing'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { runCommand } from '../command-process.harness.js'

describe('pigeonhole check', () => {
  let database: TestDatabase
  beforeAll(async () => {
    database = await createDatabase({ url: inject('databaseUrl') })
  })
  afterAll(() => database.drop())

  const check = (...args: string[]) => runCommand(['check', ...args], { DATABASE_URL: database.url })

  async function execute(sql: string): Promise<void> {
    const client = new pg.Client({ connectionString: database.url })
    await client.connect()
    await client.query(sql).finally(() => client.end())
  }

  it('says that there are no tables, that all is well, and what differs', async () => {
    expect(await check()).toEqual({
      code: 4,
      stderr: '',
      stdout:
        'There are no tables of Pigeonhole\'s in schema "pigeonhole". Run `pigeonhole init` and then `prisma migrate deploy`, or `pigeonhole migrate`.\n',
    })
    await runCommand(['migrate'], { DATABASE_URL: database.url })
    const well = await check()
    expect(well).toMatchObject({ code: 0, stderr: '' })
    expect(well.stdout).toMatch(
      /^Schema "pigeonhole" is at version \d+, as this release needs\.\nIts tables are as the migrations make them\.\n$/,
    )
    await execute('ALTER TABLE pigeonhole.relay_shard ALTER confirmed SET DEFAULT 1')
    const drift = await check()
    expect(drift).toMatchObject({ code: 4, stderr: '' })
    expect(drift.stdout).toContain(
      '\n  relay_shard\n    - column confirmed bigint not null default 0\n    + column confirmed bigint not null default 1\n',
    )
    const json = await check('--json')
    expect(json.code).toBe(4)
    expect(JSON.parse(json.stdout)).toMatchObject({ missing: [{ object: 'relay_shard' }] })
  })
})
