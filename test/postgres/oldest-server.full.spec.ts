// The oldest PostgreSQL that is supported, as Debian has it.
import { checkTables, migrate } from '@pigeonhole/postgres'
import { DebianPostgres } from '@pigeonhole/testing'
import { expect, it } from 'vitest'
import { quietPool } from './quiet-pool.js'

it('PostgreSQL 15 has the tables that the newest one has, and describes them alike', async () => {
  await using family = await DebianPostgres.open()
  const server = await family.initialise('oldest')
  await server.start()
  const pool = quietPool(server.url)
  try {
    expect((await pool.query('SHOW server_version_num')).rows[0].server_version_num).toMatch(/^15/)
    const { version } = await migrate({ pool })
    expect(await checkTables({ pool })).toEqual({ version, needed: version, missing: [], unexpected: [] })
  } finally {
    await pool.end()
  }
}, 120_000)
