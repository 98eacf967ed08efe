import { createOutbox, createRelay, type Relay } from '@pigeonhole/core'
import { kafkajsPublisher } from '@pigeonhole/kafkajs'
import { postgresStore } from '@pigeonhole/postgres'
import type { Kafka } from 'kafkajs'
import pg from 'pg'
import {
  type BenchServers,
  migratedDatabase,
  newTopics,
  quietKafka,
  type TopicLayout,
} from './bench-servers.js'
import { type Comparison, compare } from './comparison.js'

const keys = 1_000
const value = 'x'.repeat(200)
/** Bare kafkajs's own best on this kind of machine: 100 is half as fast, 3,000 the same. */
const baselineBatch = 1_000

const layouts: readonly TopicLayout[] = [
  { topics: 1, partitions: 4 },
  { topics: 1, partitions: 1 },
  { topics: 20, partitions: 1 },
  { topics: 20, partitions: 4 },
]

/**
 * `relay-drain`: an outbox of 300,000 messages of 200 B in one topic of four partitions, from the opened shard to the
 * last confirmed batch, against bare kafkajs (idempotent, no transaction, acks=all, no database) sending as many from
 * memory. `relay-drain-1x1`, `-20x1` and `-20x4` are the same with other numbers of topics and partitions.
 */
export async function relayDrain(servers: BenchServers): Promise<Comparison[]> {
  const comparisons: Comparison[] = []
  for (const layout of layouts) {
    const { topics, partitions } = layout
    const load = { ...layout, messages: servers.full ? 300_000 : 100_000 }
    const isFirst = layout === layouts[0]
    comparisons.push(
      await compare({
        name: isFirst ? 'relay-drain' : `relay-drain-${topics}x${partitions}`,
        unit: 'msg/s',
        against: `bare kafkajs, idempotent, ${baselineBatch} messages a sendBatch`,
        pairs: servers.full || isFirst ? 3 : 1,
        ours: () => drainOutbox(servers, load),
        baseline: () => sendBare(servers, load),
      }),
    )
  }
  return comparisons
}

interface Load extends TopicLayout {
  readonly messages: number
}

async function drainOutbox(servers: BenchServers, load: Load): Promise<number> {
  const kafka = quietKafka(servers)
  const topics = await newTopics(servers, load)
  const [name = ''] = topics
  const database = await migratedDatabase(servers)
  const pool = new pg.Pool({ connectionString: database.url, max: 6 })
  await fillOutbox(pool, topics, load.messages)
  const relay = createRelay({ name, store: postgresStore(pool), publisher: kafkajsPublisher(kafka) })
  try {
    return await timePublishing(relay, load.messages)
  } finally {
    await relay.stop()
    await pool.end()
    await database.drop()
  }
}

async function fillOutbox(pool: pg.Pool, topics: readonly string[], messages: number): Promise<void> {
  const outbox = createOutbox({ store: postgresStore(pool) })
  const client = await pool.connect()
  for (let sent = 0; sent < messages; sent += keys) {
    const raw = Array.from({ length: keys }, (_, i) => ({
      topic: topics[i % topics.length] ?? '',
      key: `key-${i}`,
      value,
    }))
    await client.query('BEGIN')
    await outbox.publishRaw(client, raw)
    await client.query('COMMIT')
  }
  await client.query('VACUUM ANALYZE pigeonhole.outbox_message')
  client.release()
}

async function timePublishing(relay: Relay, messages: number): Promise<number> {
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
  return messages / (((await finished) - opened) / 1_000)
}

async function sendBare(servers: BenchServers, { messages, ...layout }: Load): Promise<number> {
  const kafka: Kafka = quietKafka(servers)
  const topics = await newTopics(servers, layout)
  const producer = kafka.producer({ idempotent: true })
  await producer.connect()
  const topicMessages = topics.map((topic) => ({
    topic,
    messages: Array.from({ length: baselineBatch / topics.length }, (_, i) => ({ key: `key-${i}`, value })),
  }))
  await producer.sendBatch({ acks: -1, topicMessages })
  const started = performance.now()
  for (let sent = 0; sent < messages; sent += baselineBatch)
    await producer.sendBatch({ acks: -1, topicMessages })
  const elapsed = performance.now() - started
  await producer.disconnect()
  return messages / (elapsed / 1_000)
}
