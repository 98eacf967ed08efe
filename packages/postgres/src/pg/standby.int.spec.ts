import type { Lease } from '@pigeonhole/core'
import { type PostgresServer, startPostgres } from '@pigeonhole/testing'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { SpecDatabase } from '../spec-database.fake.js'
import { type PostgresStore, postgresStore } from './postgres-store.js'

let server: PostgresServer
let database: SpecDatabase
let store: PostgresStore

beforeAll(async () => {
  server = await startPostgres({ sources: ['docker', 'embedded'] })
  database = await SpecDatabase.create({ serverUrl: server.url })
  store = postgresStore(database.pool)
  await store.provideShards([{ first: 0, last: 255 }])
  const observed = (await store.readLease(0)) as Lease
  await store.takeLease({ shard: 0, holder: 'holder', observed })
  await store.changeToken({ shard: 0, holder: 'holder', token: 'token' })
  // A superuser may write where the server keeps its files: with this one there it starts as a standby.
  await database.pool.query(`DO $$ BEGIN
    EXECUTE format('COPY (SELECT 1) TO %L', current_setting('data_directory') || '/standby.signal');
  END $$`)
  await server.restart()
})
afterAll(async () => {
  await database.pool.end()
  await server.stop()
})

const standby = expect.objectContaining({ code: 'STORE_STANDBY', retryable: true })

it('a relay refuses a standby', async () => {
  await expect(store.checkServer()).rejects.toEqual(standby)
  await expect(store.guarded({ shard: 0, token: 'token', confirmed: 0 }, async () => 'in')).rejects.toEqual(
    standby,
  )
  await expect(store.renewLease({ shard: 0, holder: 'holder' })).rejects.toEqual(standby)
  await expect(store.provideShards([{ first: 0, last: 255 }])).rejects.toEqual(standby)
})

it('an inbox refuses a standby', async () => {
  await expect(store.transaction({ timeoutMs: 5_000 }, async () => 'in')).rejects.toEqual(standby)
})

it('a publisher refuses a standby', async () => {
  const client = await database.pool.connect()
  await client.query('BEGIN')
  const row = {
    id: 'bc8a02a2-2f13-4f5a-9c0e-0f4cb3a4a3a1',
    topic: 't',
    key: null,
    partition: null,
    bucket: 0,
  }
  await expect(store.insertMessages(client, [{ ...row, headers: [], payload: null }])).rejects.toEqual(
    standby,
  )
  client.release(true)
})

it('what only reads is answered', async () => {
  expect(await store.readLease(0)).toMatchObject({ holder: 'holder' })
  expect(await store.readStatus()).toMatchObject({ pending: 0 })
})
