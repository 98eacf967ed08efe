import { createOutbox } from '@pigeonhole/core'
import { postgresStore } from '@pigeonhole/postgres'
import { nextEvent } from '@pigeonhole/testing'
import { expect, inject, it } from 'vitest'
import { HeldRelay } from './held-relay.js'
import { RelayLab } from './relay-lab.js'

const servers = { databaseUrl: inject('databaseUrl'), kafkaBrokers: inject('kafkaBrokers') }

const intents = 'SELECT number FROM pigeonhole.relay_batch WHERE number > 0'
const endOpenTransaction = `
  SELECT pg_terminate_backend(pid) FROM pg_stat_activity
  WHERE datname = current_database() AND state = 'idle in transaction'`

it('Kafka commits no batch whose intent is not committed, although it has its records', async () => {
  await using lab = await RelayLab.open(servers)
  await using held = new HeldRelay(servers, lab, ['batch:published'])
  const { relay, pool, told } = held
  const opened = nextEvent(relay, 'shard:opened')
  await relay.start()
  await opened
  const committing = held.hold('tx.insertBatch:committing')
  const sent = held.hold('producer.send:after')
  const client = await pool.connect()
  await client.query('BEGIN')
  const message = { topic: lab.topics[0] as string, key: 'key', value: '{}' }
  await createOutbox({ store: postgresStore(pool) }).publishRaw(client, [message])
  await client.query('COMMIT')
  client.release()
  relay.wake()
  await committing.reached
  await sent.reached
  sent.release()
  expect(await lab.logged()).toEqual([])
  expect(told).toEqual([])

  const reopened = nextEvent(relay, 'shard:opened')
  expect((await pool.query(endOpenTransaction)).rowCount).toBe(1)
  committing.release()
  expect(await reopened).toMatchObject({ batch: 0 })
  await relay.drain()
  expect(await lab.logged()).toHaveLength(1)
  expect((await pool.query(intents)).rows).toEqual([{ number: '1' }])
})
