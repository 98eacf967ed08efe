import { startPostgres } from '@pigeonhole/testing'
import pg from 'pg'
import { afterAll, expect, test } from 'vitest'

// By the package's name: the warden is a program, which only the build makes.
const postgres = await startPostgres({ sources: ['docker', 'embedded'], settings: { work_mem: '7MB' } })

afterAll(() => postgres.stop())

async function query(sql: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: postgres.url })
  await client.connect()
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows
  } finally {
    await client.end()
  }
}

test('has the settings asked for, and stays durable', async () => {
  const rows = await query(
    "SELECT name, setting FROM pg_settings WHERE name IN ('work_mem', 'max_connections', 'fsync', 'synchronous_commit')",
  )
  expect(Object.fromEntries(rows.map((row) => [row['name'], row['setting']]))).toEqual({
    work_mem: '7168',
    max_connections: '200',
    fsync: 'on',
    synchronous_commit: 'on',
  })
})

test('kill ends its sessions and keeps what was committed, restart brings it back under the same URL', async () => {
  await query('CREATE TABLE kept (n int)')
  const session = new pg.Client({ connectionString: postgres.url })
  const ended = new Promise<Error>((resolve) => session.on('error', resolve))
  await session.connect()
  await session.query('INSERT INTO kept VALUES (1)')
  await session.query('BEGIN; INSERT INTO kept VALUES (2)')

  await postgres.kill()
  // An orderly shutdown would have told the session so.
  expect(await ended).not.toHaveProperty('message', 'terminating connection due to administrator command')
  await expect(query('SELECT 1')).rejects.toMatchObject({ code: 'ECONNREFUSED' })

  await postgres.restart()
  expect(await query('SELECT n FROM kept')).toEqual([{ n: 1 }])
})

test('pause stops its sessions, too, and resume lets them go on', async () => {
  const session = new pg.Client({ connectionString: postgres.url })
  await session.connect()
  await session.query('SELECT 1')
  await postgres.pause()
  let answered = false
  const asked = session.query('SELECT 1').then(() => {
    answered = true
  })
  await expect(
    new pg.Client({ connectionString: postgres.url, connectionTimeoutMillis: 300 }).connect(),
  ).rejects.toThrow(/timeout/)
  expect(answered).toBe(false)
  await postgres.resume()
  await asked
  await session.end()
})

test('restart shuts down a server that is paused', async () => {
  await postgres.pause()
  await postgres.restart()
  expect(await query('SELECT 1 AS one')).toEqual([{ one: 1 }])
})

test('restart shuts down a server that runs', async () => {
  const started = async () => (await query('SELECT pg_postmaster_start_time() AS at'))[0]?.['at']
  const before = await started()
  await postgres.restart()
  expect(await started()).not.toEqual(before)
})

test('stop can be called twice, and then nobody answers', async () => {
  const second = await startPostgres({ sources: ['docker', 'embedded'] })
  await second.stop()
  await second.stop()
  const client = new pg.Client({ connectionString: second.url })
  await expect(client.connect()).rejects.toMatchObject({ code: 'ECONNREFUSED' })
})
