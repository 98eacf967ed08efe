import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'
import { SpecDatabase } from '../../spec-database.fake.js'
import { runForOne } from '../statement.js'
import { selectTransactionIds, type TransactionIds } from './select-transaction-ids.js'

let database: SpecDatabase

beforeAll(async () => {
  database = await SpecDatabase.create()
})
afterAll(() => database.drop())
beforeEach(async () => {
  await database.pool.query(
    'TRUNCATE pigeonhole.outbox_message, pigeonhole.relay_batch, pigeonhole.relay_shard, pigeonhole.relay_identity',
  )
})

async function read(): Promise<TransactionIds> {
  const session = await database.session()
  const ids = await runForOne(session, selectTransactionIds, null)
  session.client.release()
  return ids
}

// Beyond 32 bits, and a number of one digit more than the server's: ids are compared as numbers.
const far = '10000000000'

const message = `INSERT INTO pigeonhole.outbox_message (bucket, id, topic, headers, xid)
  VALUES (0, gen_random_uuid(), 't', '[]', $1::xid8)`
const identity = `INSERT INTO pigeonhole.relay_identity (relay, cluster_id, system_identifier, highest_xid)
  VALUES ('r', 'c', 's', $1::xid8)`
const batch = `INSERT INTO pigeonhole.relay_batch (shard, number, token, cursor_from, cursor_until, last_seq, revision)
  VALUES (3, 0, 't', $1::pg_snapshot, $2::pg_snapshot, 0, 3)`

const shard = 'INSERT INTO pigeonhole.relay_shard (shard, origin) VALUES (3, $1::pg_snapshot)'

it('sees nothing ahead in an empty schema', async () => {
  expect(await read()).toEqual({ server: expect.stringMatching(/^\d+$/), ahead: null })
})

it.each([
  ['a row', message, [far]],
  ['the identity', identity, [far]],
  ['a cursor, of any shard', batch, [`9:${far}:`, null]],
  ['the end of a capture', batch, ['9:9:', `9:${far}:`]],
  ['where a shard began', shard, [`9:${far}:`]],
])('sees %s ahead', async (_, statement, values) => {
  await database.pool.query(statement, values)
  const { ahead, server } = await read()
  expect(ahead).toBe(far)
  expect(BigInt(server)).toBeLessThan(BigInt(far))
})

it('names the highest of several', async () => {
  await database.pool.query(message, ['9999999999'])
  await database.pool.query(identity, [far])
  await database.pool.query(batch, ['9:9999999998:', null])
  expect((await read()).ahead).toBe(far)
})

it('draws the line at the id that the server gives next: a cursor may end there, a row cannot have it', async () => {
  const client = await database.pool.connect()
  // Ids are the whole server's: the others that use it may raise the next one, so this is tried until they did not.
  await expect
    .poll(async () => {
      await client.query('BEGIN')
      const { rows } = await client.query<{ xmax: string }>(
        'SELECT pg_snapshot_xmax(pg_current_snapshot())::text AS xmax',
      )
      const xmax = rows[0]?.xmax ?? ''
      await client.query(identity, [xmax])
      const cursorOnly = await runForOne(database.sessionOn(client), selectTransactionIds, null)
      await client.query(message, [xmax])
      const withRow = await runForOne(database.sessionOn(client), selectTransactionIds, null)
      await client.query('ROLLBACK')
      return withRow.server === xmax ? [cursorOnly.ahead, withRow.ahead === xmax] : undefined
    })
    .toEqual([null, true])
  client.release()
})
