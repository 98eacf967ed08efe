import { afterAll, beforeAll, expect, it } from 'vitest'
import { postgresStore } from '../pg/postgres-store.js'
import { SpecDatabase } from '../spec-database.fake.js'

let database: SpecDatabase
beforeAll(async () => {
  database = await SpecDatabase.create()
  await database.pool.query('INSERT INTO pigeonhole.relay_shard (shard) VALUES (0), (1)')
})
afterAll(() => database.drop())

const error = {
  at: '2026-11-28T10:00:00.123Z',
  worker: 'host-1:7',
  code: 'BROKER_UNAVAILABLE',
  message: 'gone',
}

it('workers add what they send, and each shard keeps the last error of any of them', async () => {
  const store = postgresStore(database.pool)
  await store.reportShard({ shard: 1, sent: 3, error })
  await store.reportShard({ shard: 1, sent: 4, error: null })
  expect(await store.readShardReports()).toEqual([
    { shard: 0, sent: 0, error: null },
    { shard: 1, sent: 7, error },
  ])
  const later = { ...error, at: '2026-11-28T10:00:01.000Z', worker: 'host-2:9' }
  await store.reportShard({ shard: 1, sent: 0, error: later })
  expect((await store.readShardReports())[1]).toEqual({ shard: 1, sent: 7, error: later })
})

it('a shard that the outbox does not have is not told of', async () => {
  const store = postgresStore(database.pool)
  await store.reportShard({ shard: 9, sent: 1, error })
  expect((await store.readShardReports()).map(({ shard }) => shard)).toEqual([0, 1])
})
