import { createRelay, originCursor } from '@pigeonhole/core'
import { kafkajsPublisher } from '@pigeonhole/kafkajs'
import { postgresStore } from '@pigeonhole/postgres'
import { nextEvent } from '@pigeonhole/testing'
import { Kafka, logLevel } from 'kafkajs'
import pg from 'pg'
import { expect, inject, it } from 'vitest'
import { RelayLab } from './relay-lab.js'

const servers = { databaseUrl: inject('databaseUrl'), kafkaBrokers: inject('kafkaBrokers') }

const insertMessages = `INSERT INTO pigeonhole.outbox_message (bucket, id, topic, headers, payload)
  SELECT $1, gen_random_uuid(), $2, '[]', '{}' FROM generate_series(1, $3::int)`

it('a shard to which nothing is published goes past what others send by a batch without messages, and misses none', async () => {
  await using lab = await RelayLab.open(servers)
  const pool = new pg.Pool({ connectionString: lab.databaseUrl })
  const kafka = new Kafka({ brokers: [...servers.kafkaBrokers], logLevel: logLevel.NOTHING })
  const relay = createRelay({
    name: lab.name,
    store: postgresStore(pool),
    publisher: kafkajsPublisher(kafka),
    shards: 2,
  })
  try {
    const opened = [0, 1].map((shard) => nextEvent(relay, 'shard:opened', (told) => told.shard === shard))
    await relay.start()
    await Promise.all(opened)
    const published: number[] = []
    relay.on('batch:published', ({ shard, rows }) => {
      if (shard === 1) published.push(rows)
    })
    const nextOfIdle = (isMeant: (rows: number) => boolean) =>
      nextEvent(relay, 'batch:published', ({ shard, rows }) => shard === 1 && isMeant(rows))
    const store = postgresStore(pool)
    const [topic] = lab.topics

    const passed = nextOfIdle(() => true)
    for (let round = 0; round < 4; round++) await pool.query(insertMessages, [5, topic, 1_000])
    expect(await passed).toMatchObject({ rows: 0 })
    await expect.poll(async () => (await store.readConfirmedCursor(1))?.from).not.toBe(originCursor.from)

    // Another one without messages may come before it.
    const found = nextOfIdle((rows) => rows > 0)
    await pool.query(insertMessages, [200, topic, 1])
    expect(await found).toMatchObject({ rows: 1 })
    await relay.drain()
    const ids = (await lab.logged()).map(({ id }) => id)
    expect(ids).toHaveLength(4_001)
    expect(new Set(ids).size).toBe(4_001)
    // Three looks may have ended at so many messages, however slowly they came.
    expect(published.filter((rows) => rows === 0).length).toBeLessThanOrEqual(3)
  } finally {
    await relay.stop()
    await pool.end()
  }
})
