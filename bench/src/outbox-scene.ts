import { createRelay, type Relay, type RelayOptions, type RelayStore } from '@pigeonhole/core'
import { kafkajsPublisher } from '@pigeonhole/kafkajs'
import { postgresStore } from '@pigeonhole/postgres'
import pg from 'pg'
import { type BenchServers, migratedDatabase, newTopics, quietKafka } from './bench-servers.js'

/** A database of its own with an outbox, and a topic of four partitions. */
export interface OutboxScene {
  readonly topic: string
  readonly pool: pg.Pool
  /** Commits messages of 200 B in one transaction, written by the server itself: millions take seconds. */
  fill(messages: number, bytes?: number): Promise<void>
  /** A relay of the scene, not started; the scene stops it. */
  relay(store?: RelayStore, batch?: BatchBounds): Relay
}

/** Bounds of a batch. */
export type BatchBounds = Pick<RelayOptions, 'batchRows' | 'batchBytes'>

/** Runs `work` in a scene, and takes the scene down. */
export async function withOutbox<R>(
  servers: BenchServers,
  work: (scene: OutboxScene) => Promise<R>,
): Promise<R> {
  const [topic = ''] = await newTopics(servers, { topics: 1, partitions: 4 })
  const database = await migratedDatabase(servers)
  const pool = new pg.Pool({ connectionString: database.url, max: 8 })
  const relays: Relay[] = []
  const relay = (store: RelayStore = postgresStore(pool), batch: BatchBounds = {}): Relay => {
    const publisher = kafkajsPublisher(quietKafka(servers))
    const made = createRelay({ name: topic, store, publisher, ...batch })
    made.on('shard:changed', ({ error }) => {
      if (error) process.stderr.write(`${topic}: ${String(error)}\n`)
    })
    relays.push(made)
    return made
  }
  try {
    return await work({
      topic,
      pool,
      relay,
      fill: (messages, bytes = 200) => fill(pool, { topic, messages, bytes }),
    })
  } finally {
    for (const one of relays) await one.stop()
    await pool.end()
    await database.drop()
  }
}

/** Starts `relay` and resolves to the messages a second that it published, from the opened shard on. */
export async function timeDrain(relay: Relay, messages: number): Promise<number> {
  let opened = 0
  relay.on('shard:opened', () => {
    opened = performance.now()
  })
  const finished = published(relay, messages)
  await relay.start()
  await finished
  return messages / ((performance.now() - opened) / 1_000)
}

/** Resolves when `relay` has published so many messages from now on. */
export function published(relay: Relay, messages: number): Promise<void> {
  return new Promise((resolve) => {
    let sum = 0
    relay.on('batch:published', ({ rows }) => {
      sum += rows
      if (sum >= messages) resolve()
    })
  })
}

interface Filling {
  readonly topic: string
  readonly messages: number
  readonly bytes: number
}

// A bucket is not that of its key here, which a relay of one shard does not look at.
async function fill(pool: pg.Pool, { topic, messages, bytes }: Filling): Promise<void> {
  await pool.query(
    `INSERT INTO pigeonhole.outbox_message (id, topic, key, bucket, headers, payload)
     SELECT gen_random_uuid(), $1, convert_to('key-' || i % 1000, 'UTF8'), i % 256, '[]', convert_to(repeat('x', $3), 'UTF8')
     FROM generate_series(1, $2) AS i`,
    [topic, messages, bytes],
  )
}
