import { type Delivery, textCodec, topic } from '@pigeonhole/core'
import pg from 'pg'
import { type BenchServers, migratedDatabase } from './bench-servers.js'

/** The topic of the messages. */
export const orders = topic<string>('orders', { codec: textCodec })

/** Of each message, 200 B. */
export const value = Buffer.from('x'.repeat(200))

/** Runs `work` with a pool for two, on a database of its own that has the table for the handlers' effects. */
export async function withEffects<R>(servers: BenchServers, work: (pool: pg.Pool) => Promise<R>): Promise<R> {
  const database = await migratedDatabase(servers)
  const pool = new pg.Pool({ connectionString: database.url, max: 2 })
  await pool.query(
    'CREATE TABLE effect (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, value text NOT NULL)',
  )
  try {
    return await work(pool)
  } finally {
    await pool.end()
    await database.drop()
  }
}

/** Deliveries of one partition, each with an id of its own and without a key. */
export function deliveries(first: number, count: number): Delivery[] {
  return Array.from({ length: count }, (_, i) => ({
    topic: orders.name,
    partition: 0,
    offset: BigInt(first + i),
    key: null,
    value,
    headers: [['message-id', Buffer.from(`message-${first + i}`)]],
  }))
}

let inboxes = 0

/** The name of an inbox that nothing has been handled by. */
export function newInboxName(): string {
  inboxes += 1
  return `bench-${inboxes}`
}

/** Messages a second of `work`, which handles `messages` of them. */
export async function rateOf(messages: number, work: (messages: number) => Promise<void>): Promise<number> {
  const started = performance.now()
  await work(messages)
  return messages / ((performance.now() - started) / 1_000)
}
