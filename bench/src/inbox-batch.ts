import { createInbox, onBatch } from '@pigeonhole/core'
import { postgresStore } from '@pigeonhole/postgres'
import type pg from 'pg'
import type { BenchServers } from './bench-servers.js'
import { type Comparison, compare } from './comparison.js'
import { handle } from './inbox.js'
import { deliveries, newInboxName, orders, rateOf, value, withEffects } from './inbox-scene.js'

const size = 100
const insertEffects = 'INSERT INTO effect (value) SELECT unnest($1::text[])'

/** `inbox-batch`: 100 messages a transaction, whose handler writes them in one statement, against one by one. */
export function inboxBatch(servers: BenchServers): Promise<Comparison> {
  return withEffects(servers, (pool) =>
    compare({
      name: 'inbox-batch',
      unit: 'messages/s',
      against: 'the same inbox, one message a transaction',
      pairs: 9,
      ours: () => rateOf(20_000, (messages) => handleBatches(pool, messages)),
      baseline: () => rateOf(1_000, (messages) => handle(pool, messages, 1)),
    }),
  )
}

/** `inbox-batch-bare`: the same, against the handler's statement in a transaction by hand. */
export function inboxBatchBare(servers: BenchServers): Promise<Comparison> {
  return withEffects(servers, (pool) =>
    compare({
      name: 'inbox-batch-bare',
      unit: 'messages/s',
      against: `a transaction by hand of ${size} messages in one statement, without position and ids`,
      pairs: 9,
      ours: () => rateOf(20_000, (messages) => handleBatches(pool, messages)),
      baseline: () => rateOf(20_000, (messages) => insertByHand(pool, messages)),
    }),
  )
}

async function handleBatches(pool: pg.Pool, messages: number): Promise<void> {
  const store = postgresStore(pool, { preparedStatements: true })
  const inbox = createInbox({ store, name: newInboxName() })
  const binding = onBatch<pg.ClientBase, string>(
    orders,
    async ({ messages, tx }) => {
      await tx.query(insertEffects, [messages.map((message) => message.value)])
    },
    { size },
  )
  for (let done = 0; done < messages; done += size) {
    const outcomes = await inbox.handleGroup(deliveries(done, size), binding)
    if (outcomes.length !== size) throw new Error(`${outcomes.length} of ${size} were handled`)
  }
}

async function insertByHand(pool: pg.Pool, messages: number): Promise<void> {
  const values = Array.from({ length: size }, () => value.toString())
  for (let done = 0; done < messages; done += size) {
    const client = await pool.connect()
    await client.query('BEGIN')
    await client.query(insertEffects, [values])
    await client.query('COMMIT')
    client.release()
  }
}
