import { createOutbox } from '@pigeonhole/core'
import { postgresStore } from '@pigeonhole/postgres'
import { nextEvent, type PostgresServer, startPostgres } from '@pigeonhole/testing'
import type pg from 'pg'
import { afterAll, beforeAll, expect, inject, it } from 'vitest'
import { HeldRelay } from './held-relay.js'
import { RelayLab } from './relay-lab.js'

let server: PostgresServer

beforeAll(async () => {
  const settings = { max_prepared_transactions: '4' }
  server = await startPostgres({ sources: ['docker', 'embedded'], settings })
})
afterAll(() => server.stop())

async function publish(pool: pg.Pool, key: string, topic: string, end: string): Promise<void> {
  const client = await pool.connect()
  await client.query('BEGIN')
  await createOutbox({ store: postgresStore(pool) }).publishRaw(client, [{ topic, key, value: '{}' }])
  await client.query(end)
  client.release()
}

it('a prepared transaction that stays holds up no message and no other partition, is named, and is sent once it is committed', async () => {
  const servers = { databaseUrl: server.url, kafkaBrokers: inject('kafkaBrokers') }
  await using lab = await RelayLab.open(servers)
  await using held = new HeldRelay(servers, lab, [])
  const { relay, pool } = held
  const topic = lab.topics[0] as string
  const opened = nextEvent(relay, 'shard:opened')
  await relay.start()
  await opened

  // In partition 0, which is written to first.
  const delayed = nextEvent(relay, 'cleaning:delayed', (told) => told.held.includes(0))
  const truncated: number[] = []
  relay.on('partition:truncated', ({ partition }) => truncated.push(partition))
  await publish(pool, 'prepared', topic, "PREPARE TRANSACTION 'transfer-1'")
  await publish(pool, 'before', topic, 'COMMIT')
  await relay.drain()
  await delayed
  expect(await postgresStore(pool).readXidHolder()).toMatchObject({
    kind: 'prepared',
    name: 'transfer-1',
    pid: null,
  })

  // The ring goes on without partition 0.
  for (const key of ['first', 'second', 'third']) {
    const next = nextEvent(relay, 'partition:truncated')
    await publish(pool, key, topic, 'COMMIT')
    await relay.drain()
    await next
  }
  expect(truncated).not.toContain(0)
  const keys = async () => (await lab.logged()).map(({ key }) => key).sort()
  expect(await keys()).toEqual(['before', 'first', 'second', 'third'])

  const emptied = nextEvent(relay, 'partition:truncated', ({ partition }) => partition === 0)
  await pool.query("COMMIT PREPARED 'transfer-1'")
  await relay.drain()
  expect(await keys()).toEqual(['before', 'first', 'prepared', 'second', 'third'])
  await emptied
})
