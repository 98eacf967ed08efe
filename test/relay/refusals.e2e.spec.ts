import { createHash } from 'node:crypto'
import { createOutbox, createRelay, type Relay } from '@pigeonhole/core'
import { kafkajsPublisher } from '@pigeonhole/kafkajs'
import { migrate, postgresStore } from '@pigeonhole/postgres'
import { createDatabase, createTopics, nextEvent, readLog, type TestDatabase } from '@pigeonhole/testing'
import { type Admin, Kafka, logLevel } from 'kafkajs'
import pg from 'pg'
import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest'

const brokers = inject('kafkaBrokers')
let runs = 0

describe('what the broker does not take', () => {
  let database: TestDatabase
  let pool: pg.Pool
  let admin: Admin
  let relay: Relay
  let topic: string

  beforeEach(async () => {
    database = await createDatabase({ url: inject('databaseUrl') })
    await migrate({ connectionString: database.url })
    pool = new pg.Pool({ connectionString: database.url })
    admin = kafka().admin()
    await admin.connect()
    topic = `refusals-${process.pid}-${++runs}`
    relay = newRelay()
  })
  afterEach(async () => {
    await relay.stop({ signal: AbortSignal.timeout(0) })
    await admin.disconnect()
    await pool.end()
    await database.drop()
  })

  function kafka(): Kafka {
    return new Kafka({ brokers, logLevel: logLevel.NOTHING })
  }

  function newRelay(): Relay {
    return createRelay({
      name: `refusals-${process.pid}-${runs}`,
      store: postgresStore(pool),
      publisher: kafkajsPublisher(kafka()),
      backoff: { initialMs: 50, maxMs: 200 },
    })
  }

  async function publish(values: readonly string[]): Promise<void> {
    const outbox = createOutbox({ store: postgresStore(pool) })
    const client = await pool.connect()
    await client.query('BEGIN')
    const messages = values.map((value, i) => ({ topic, key: `key-${i}`, value }))
    await outbox.publishRaw(client, messages)
    await client.query('COMMIT')
    client.release()
  }

  async function sentValues(): Promise<string[]> {
    const records = await readLog({ brokers, topics: [topic] })
    return records.map(({ value }) => String(value).slice(0, 3))
  }

  it('a record: the shard halts with topic, key hash and reason, sends what was before it and skips nothing', async () => {
    const configEntries = [{ name: 'max.message.bytes', value: '2000' }]
    await createTopics(brokers, [{ topic, numPartitions: 1, configEntries }])
    await publish(['v-0', 'v-1', 'v-2', `v-3${'x'.repeat(3_000)}`, 'v-4', 'v-5'])
    const halted = nextEvent(relay, 'shard:changed', ({ state }) => state === 'halted')
    await relay.start()
    const keyHash = createHash('sha256').update('key-3').digest('hex')
    expect((await halted).error).toMatchObject({
      code: 'RECORD_REFUSED',
      details: { topic, keyHash: expect.stringMatching(/^[0-9a-f]{8,}$/) },
    })
    expect(
      keyHash.startsWith(((await halted).error as { details: { keyHash: string } }).details.keyHash),
    ).toBe(true)
    expect(await sentValues()).toEqual(['v-0', 'v-1', 'v-2'])
    await relay.stop()

    await admin.alterConfigs({
      validateOnly: false,
      resources: [{ type: 2, name: topic, configEntries: [{ name: 'max.message.bytes', value: '1000000' }] }],
    })
    relay = newRelay()
    await relay.start()
    await relay.drain()
    expect(await sentValues()).toEqual(['v-0', 'v-1', 'v-2', 'v-3', 'v-4', 'v-5'])
  })

  it('a topic that is missing: the shard waits, says for which, and goes on once it is there', async () => {
    const waiting = nextEvent(
      relay,
      'shard:changed',
      ({ state, error }) => state === 'waiting' && error !== undefined,
    )
    await publish(['v-0', 'v-1'])
    await relay.start()
    expect((await waiting).error).toMatchObject({ code: 'TOPIC_MISSING', details: { topic } })
    await createTopics(brokers, [{ topic, numPartitions: 1 }])
    await relay.drain()
    expect(await sentValues()).toEqual(['v-0', 'v-1'])
  })
})
