import { type PgBouncer, startPgBouncer } from '@pigeonhole/testing'
import pg from 'pg'
import { afterAll, beforeAll, expect, inject, it } from 'vitest'

// By the package's name: the warden is a program, which only the build makes.
let bouncer: PgBouncer

beforeAll(async () => {
  bouncer = await startPgBouncer({ url: inject('databaseUrl'), settings: { default_pool_size: '1' } })
})
afterAll(() => bouncer.stop())

async function client(): Promise<pg.Client> {
  const connected = new pg.Client({ connectionString: bouncer.url })
  connected.on('error', () => undefined)
  await connected.connect()
  return connected
}

it('gives a server connection to a transaction, and then to another client', async () => {
  const [first, second] = [await client(), await client()]
  const sessionOf = async (of: pg.Client) => (await of.query('SELECT pg_backend_pid() AS pid')).rows[0].pid
  expect(await sessionOf(first)).toBe(await sessionOf(second))
  await first.query('BEGIN')
  let answered = false
  const waiting = sessionOf(second).then(() => {
    answered = true
  })
  await first.query('SELECT 1')
  expect(answered).toBe(false)
  await first.query('COMMIT')
  await waiting
  await Promise.all([first.end(), second.end()])
})

it('comes back under its address after it was killed', async () => {
  const before = await client()
  const closed = new Promise((resolve) => before.once('end', resolve))
  await bouncer.kill()
  await closed
  await bouncer.restart()
  const after = await client()
  expect((await after.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }])
  await after.end()
})
