import { setTimeout as sleep } from 'node:timers/promises'
import { createRelay } from '@pigeonhole/core'
import { kafkajsPublisher } from '@pigeonhole/kafkajs'
import { postgresStore } from '@pigeonhole/postgres'
import pg from 'pg'
import { type BenchServers, migratedDatabase, newTopics, quietKafka } from './bench-servers.js'
import { type Comparison, compare } from './comparison.js'
import { fillOutbox } from './peers/outbox-table.js'
import { RelayChild } from './peers/relay-child.js'

interface Crew {
  readonly shards: number
  readonly processes: number
}

const one: Crew = { shards: 1, processes: 1 }
const crews: readonly Crew[] = [
  { shards: 2, processes: 1 },
  { shards: 2, processes: 2 },
  { shards: 4, processes: 1 },
  { shards: 4, processes: 2 },
]

/**
 * `relay-shards-SxP`: a backlog of messages of 200 B, committed at once beside S shards that are open in P processes, until it is
 * confirmed, against one shard in one process.
 */
export async function relayShards(servers: BenchServers): Promise<Comparison[]> {
  const messages = servers.full ? 300_000 : 100_000
  const comparisons: Comparison[] = []
  for (const crew of crews)
    comparisons.push(
      await compare({
        name: `relay-shards-${crew.shards}x${crew.processes}`,
        unit: 'msg/s',
        against: 'one shard in one process',
        pairs: 3,
        ours: () => drain(servers, crew, messages),
        baseline: () => drain(servers, one, messages),
      }),
    )
  return comparisons
}

async function drain(servers: BenchServers, crew: Crew, messages: number): Promise<number> {
  const [topic = ''] = await newTopics(servers, { topics: 1, partitions: 4 })
  const database = await migratedDatabase(servers)
  const pool = new pg.Pool({ connectionString: database.url, max: 4 })
  const options = { databaseUrl: database.url, brokers: servers.brokers, topic, shards: crew.shards }
  const children = Array.from({ length: crew.processes }, () => new RelayChild('pigeonhole-process', options))
  try {
    for (const child of children) await child.start()
    await shared(pool, crew)
    // Not started: it only asks the database whether everything is confirmed.
    const asking = createRelay({
      name: topic,
      store: postgresStore(pool),
      publisher: kafkajsPublisher(quietKafka(servers)),
    })
    // The first messages open what is not open yet, and do not count.
    await fillOutbox(pool, topic, 2_000)
    await asking.drain()
    await fillOutbox(pool, topic, messages)
    const started = performance.now()
    await asking.drain()
    return messages / ((performance.now() - started) / 1_000)
  } finally {
    for (const child of children) await child.kill()
    await pool.end()
    await database.drop()
  }
}

/** Resolves when every process has its share of the shards. */
async function shared(pool: pg.Pool, { shards, processes }: Crew): Promise<void> {
  for (;;) {
    const { rows } = await pool.query<{ held: number }>(
      `SELECT count(*)::int AS held FROM pigeonhole.relay_shard
       WHERE lease_holder IS NOT NULL GROUP BY lease_holder`,
    )
    if (rows.length === processes && rows.every(({ held }) => held === shards / processes)) return
    await sleep(100)
  }
}
