import { createInbox, type Delivery, type Inbox, on, textCodec, topic } from '@pigeonhole/core'
import { postgresStore } from '@pigeonhole/postgres'
import pg from 'pg'
import { type BenchServers, migratedDatabase } from './bench-servers.js'
import { type Comparison, medianOf, round } from './comparison.js'

const followers = 10_000
const orders = topic<string>('orders', { codec: textCodec })
const value = Buffer.from('x'.repeat(200))
const handler = on<pg.ClientBase, string>(orders, async ({ message, tx }) => {
  await tx.query('INSERT INTO effect (value) VALUES ($1)', [message.value])
})

/** How long each message of other keys took, in milliseconds. */
interface Times {
  readonly beside: number[]
  readonly alone: number[]
}

/**
 * `inbox-parked-p50` and `-p99`: one message a transaction, of keys of their own, by an inbox that has 10,000 messages parked
 * behind one key, of which one more comes after every ninth of the others, against an inbox that has none parked. They take
 * turns, message by message, so that what else the machine does slows both. Less is better: the ratio is how many times as
 * long a message takes.
 */
export async function inboxParked(servers: BenchServers): Promise<Comparison[]> {
  const pairs = servers.full ? 9 : 5
  const database = await migratedDatabase(servers)
  const pool = new pg.Pool({ connectionString: database.url, max: 2 })
  try {
    await pool.query(
      'CREATE TABLE effect (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, value text NOT NULL)',
    )
    await parkFollowers(pool)
    const inboxes = { beside: inboxOf(pool, 'beside'), alone: inboxOf(pool, 'alone') }
    const runs: Times[] = []
    for (let pair = 0; pair <= pairs; pair++) {
      const times = await race(inboxes, pair * 2_000)
      process.stderr.write(`inbox-parked: run ${pair} of ${pairs}, ${JSON.stringify(summaryOf(times))} ms\n`)
      if (pair > 0) runs.push(times)
    }
    return ([50, 99] as const).map((percent) => comparisonOf(runs, percent))
  } finally {
    await pool.end()
    await database.drop()
  }
}

type Side = keyof Times

async function race(inboxes: Readonly<Record<Side, Inbox<pg.ClientBase>>>, first: number): Promise<Times> {
  const times: Times = { beside: [], alone: [] }
  for (let n = first; n < first + 2_000; n++) {
    // Who comes second finds warmer caches.
    const order: readonly Side[] = n % 2 === 0 ? ['beside', 'alone'] : ['alone', 'beside']
    for (const side of order) {
      const isFollower = n % 10 === 9
      const started = performance.now()
      await inboxes[side].handle(
        delivery(n, isFollower && side === 'beside' ? 'poison' : `key-${n % 100}`),
        handler,
      )
      if (!isFollower) times[side].push(performance.now() - started)
    }
  }
  return times
}

function inboxOf(pool: pg.Pool, name: string): Inbox<pg.ClientBase> {
  const store = postgresStore(pool, { preparedStatements: true })
  return createInbox({ store, name, maxParkedPerKey: 1_000_000 })
}

function delivery(offset: number, key: string): Delivery {
  return {
    topic: orders.name,
    partition: 0,
    offset: BigInt(offset),
    key: Buffer.from(key),
    value,
    headers: [['message-id', Buffer.from(`message-${offset}`)]],
  }
}

async function parkFollowers(pool: pg.Pool): Promise<void> {
  await pool.query(
    `INSERT INTO pigeonhole.parked_key (side, scope, topic, key, error_code, error, attempts)
     VALUES ('inbox', 'beside', $1, 'poison', 'Error', 'broken', 1)`,
    [orders.name],
  )
  await pool.query(
    `INSERT INTO pigeonhole.parked_message (side, scope, topic, key, partition, "offset", headers, payload, error, ordinal)
     SELECT 'inbox', 'beside', $1, 'poison', 0, n, '[]', convert_to(repeat('x', 200), 'UTF8'), 'broken', n
     FROM generate_series(1, $2::int) AS n`,
    [orders.name, followers],
  )
  await pool.query('VACUUM ANALYZE pigeonhole.parked_message, pigeonhole.parked_key')
}

function comparisonOf(runs: readonly Times[], percent: 50 | 99): Comparison {
  const of = (side: Side) => runs.map((times) => percentile(times[side], percent))
  const ratios = runs.map(({ beside, alone }) => percentile(beside, percent) / percentile(alone, percent))
  return {
    name: `inbox-parked-p${percent}`,
    ours: round(medianOf(of('beside'))),
    baseline: round(medianOf(of('alone'))),
    ratio: Number(medianOf(ratios).toFixed(3)),
    unit: 'ms',
    against: 'an inbox with nothing parked, in turns',
  }
}

function summaryOf({ beside, alone }: Times): object {
  const of = (times: readonly number[]) => [50, 99].map((percent) => round(percentile(times, percent)))
  return { beside: of(beside), alone: of(alone) }
}

function percentile(times: readonly number[], percent: number): number {
  const sorted = [...times].sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor((sorted.length * percent) / 100))] ?? 0
}
