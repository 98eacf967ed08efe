import { createOutbox, createRelay, type Relay, topic } from '@pigeonhole/core'
import { kafkajsPublisher } from '@pigeonhole/kafkajs'
import { postgresStore } from '@pigeonhole/postgres'
import type { Kafka } from 'kafkajs'
import pg from 'pg'
import { type BenchServers, migratedDatabase, newTopic, quietKafka } from './bench-servers.js'
import { type Comparison, compare } from './comparison.js'

const messages = 300_000
const keys = 1_000
const value = 'x'.repeat(200)
/** Bare kafkajs's own best on this kind of machine: 100 gives 42,000 a second, 1,000 and 3,000 the same. */
const baselineBatch = 1_000

/**
 * `relay-drain`: an outbox of 300,000 messages of 200 B, from the opened shard to the last confirmed batch, against
 * bare kafkajs (idempotent, no transaction, acks=all, no database) sending as many from memory.
 */
export async function relayDrain(servers: BenchServers): Promise<Comparison> {
  return await compare({
    name: 'relay-drain',
    unit: 'msg/s',
    against: `bare kafkajs, idempotent, ${baselineBatch} messages a sendBatch`,
    pairs: 3,
    ours: () => drainOutbox(servers),
    baseline: () => sendBare(servers),
  })
}

async function drainOutbox(servers: BenchServers): Promise<number> {
  const kafka = quietKafka(servers)
  const name = await newTopic(servers)
  const database = await migratedDatabase(servers)
  const pool = new pg.Pool({ connectionString: database.url, max: 6 })
  await fillOutbox(pool, name)
  const relay = createRelay({ name, store: postgresStore(pool), publisher: kafkajsPublisher(kafka) })
  try {
    return await timePublishing(relay)
  } finally {
    await relay.stop()
    await pool.end()
    await database.drop()
  }
}

async function fillOutbox(pool: pg.Pool, name: string): Promise<void> {
  const outbox = createOutbox({ store: postgresStore(pool) })
  const target = topic<string>(name)
  const client = await pool.connect()
  for (let sent = 0; sent < messages; sent += keys) {
    const raw = Array.from({ length: keys }, (_, i) => ({ topic: target.name, key: `key-${i}`, value }))
    await client.query('BEGIN')
    await outbox.publishRaw(client, raw)
    await client.query('COMMIT')
  }
  await client.query('VACUUM ANALYZE pigeonhole.outbox_message')
  client.release()
}

async function timePublishing(relay: Relay): Promise<number> {
  let opened = 0
  relay.on('shard:opened', () => {
    opened = performance.now()
  })
  relay.on('shard:changed', ({ error }) => {
    if (error) process.stderr.write(`relay-drain: ${String(error)}\n`)
  })
  const finished = new Promise<number>((resolve) => {
    let published = 0
    relay.on('batch:published', ({ rows }) => {
      published += rows
      if (published >= messages) resolve(performance.now())
    })
  })
  await relay.start()
  return rate((await finished) - opened)
}

async function sendBare(servers: BenchServers): Promise<number> {
  const kafka: Kafka = quietKafka(servers)
  const name = await newTopic(servers)
  const producer = kafka.producer({ idempotent: true })
  await producer.connect()
  const batch = Array.from({ length: baselineBatch }, (_, i) => ({ key: `key-${i % keys}`, value }))
  await producer.sendBatch({ acks: -1, topicMessages: [{ topic: name, messages: batch }] })
  const started = performance.now()
  for (let sent = 0; sent < messages; sent += baselineBatch) {
    await producer.sendBatch({ acks: -1, topicMessages: [{ topic: name, messages: batch }] })
  }
  const elapsed = performance.now() - started
  await producer.disconnect()
  return rate(elapsed)
}

function rate(milliseconds: number): number {
  return messages / (milliseconds / 1_000)
}
