import { createInbox, on } from '@pigeonhole/core'
import { postgresStore } from '@pigeonhole/postgres'
import type pg from 'pg'
import type { BenchServers } from './bench-servers.js'
import { type Comparison, compare } from './comparison.js'
import { deliveries, newInboxName, orders, rateOf, value, withEffects } from './inbox-scene.js'

const group = 100
const insertEffect = 'INSERT INTO effect (value) VALUES ($1)'

/** `inbox-single`: one message a transaction, with position and id, against the handler's own transaction alone. */
export function inboxSingle(servers: BenchServers): Promise<Comparison> {
  return withEffects(servers, (pool) =>
    compare({
      name: 'inbox-single',
      unit: 'messages/s',
      against: "the handler's transaction by hand",
      pairs: 15,
      ours: () => rateOf(500, (messages) => handle(pool, messages, 1)),
      baseline: () => rateOf(500, (messages) => insertByHand(pool, messages, 1)),
    }),
  )
}

/** `inbox-group`: 100 messages a transaction, against one by one. */
export function inboxGroup(servers: BenchServers): Promise<Comparison> {
  return withEffects(servers, (pool) =>
    compare({
      name: 'inbox-group',
      unit: 'messages/s',
      against: 'the same inbox, one message a transaction',
      pairs: 9,
      ours: () => rateOf(10_000, (messages) => handle(pool, messages, group)),
      baseline: () => rateOf(1_000, (messages) => handle(pool, messages, 1)),
    }),
  )
}

/** `inbox-group-bare`: 100 messages a transaction, against the handler's statements in a transaction by hand. */
export function inboxGroupBare(servers: BenchServers): Promise<Comparison> {
  return withEffects(servers, (pool) =>
    compare({
      name: 'inbox-group-bare',
      unit: 'messages/s',
      against: `a transaction by hand of ${group} messages, without position and ids`,
      pairs: 9,
      ours: () => rateOf(10_000, (messages) => handle(pool, messages, group)),
      baseline: () => rateOf(10_000, (messages) => insertByHand(pool, messages, group)),
    }),
  )
}

/** Handles messages with a new inbox, `size` a transaction, one statement of the handler each. */
export async function handle(pool: pg.Pool, messages: number, size: number): Promise<void> {
  const store = postgresStore(pool, { preparedStatements: true })
  const inbox = createInbox({ store, name: newInboxName() })
  const binding = on<pg.ClientBase, string>(
    orders,
    async ({ message, tx }) => {
      await tx.query(insertEffect, [message.value])
    },
    { group: size },
  )
  for (let done = 0; done < messages; done += size) {
    const outcomes = await inbox.handleGroup(deliveries(done, size), binding)
    if (outcomes.length !== size) throw new Error(`${outcomes.length} of ${size} were handled`)
  }
}

async function insertByHand(pool: pg.Pool, messages: number, size: number): Promise<void> {
  for (let done = 0; done < messages; done += size) {
    const client = await pool.connect()
    await client.query('BEGIN')
    for (let i = 0; i < size; i++) await client.query(insertEffect, [value.toString()])
    await client.query('COMMIT')
    client.release()
  }
}
