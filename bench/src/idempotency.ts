import { randomUUID } from 'node:crypto'
import { createIdempotency, createOutbox, type Idempotency, type Outbox, topic } from '@pigeonhole/core'
import { postgresStore } from '@pigeonhole/postgres'
import pg from 'pg'
import { type BenchServers, migratedDatabase } from './bench-servers.js'
import { type Comparison, compare } from './comparison.js'

const operations = 400
const orders = topic<{ readonly id: string }>('orders', { key: ({ id }) => id })
const input = 'x'.repeat(200)

interface Service {
  readonly pool: pg.Pool
  readonly outbox: Outbox<pg.ClientBase>
  readonly idempotency: Idempotency<pg.ClientBase>
}

/** `idempotency-first`: an order, its message and the answer under a new key, against order and message in a transaction by hand. */
export function idempotencyFirst(servers: BenchServers): Promise<Comparison> {
  return withService(servers, (service) =>
    compare({
      name: 'idempotency-first',
      unit: 'operations/s',
      against: 'order and message in a transaction by hand',
      pairs: 15,
      ours: () => rateOf(() => run(service, randomUUID())),
      baseline: () => rateOf(() => placeByHand(service)),
    }),
  )
}

/** `idempotency-replay`: a repeat that gets the stored answer, against a first attempt. */
export function idempotencyReplay(servers: BenchServers): Promise<Comparison> {
  return withService(servers, async (service) => {
    await run(service, 'repeated')
    return await compare({
      name: 'idempotency-replay',
      unit: 'operations/s',
      against: 'first attempts',
      pairs: 15,
      ours: () => rateOf(() => run(service, 'repeated')),
      baseline: () => rateOf(() => run(service, randomUUID())),
    })
  })
}

async function run({ idempotency }: Service, key: string): Promise<void> {
  await idempotency.run({ operation: 'POST /orders', key, input }, async ({ tx, publish }) => {
    const id = await insertOrder(tx)
    await publish(orders, { id })
    return { id }
  })
}

async function placeByHand({ pool, outbox }: Service): Promise<void> {
  const client = await pool.connect()
  await client.query('BEGIN')
  await outbox.publish(client, orders, { id: await insertOrder(client) })
  await client.query('COMMIT')
  client.release()
}

async function insertOrder(client: pg.ClientBase): Promise<string> {
  const id = randomUUID()
  await client.query('INSERT INTO placed (id, input) VALUES ($1, $2)', [id, input])
  return id
}

async function withService<R>(servers: BenchServers, work: (service: Service) => Promise<R>): Promise<R> {
  const database = await migratedDatabase(servers)
  const pool = new pg.Pool({ connectionString: database.url, max: 2 })
  await pool.query('CREATE TABLE placed (id uuid PRIMARY KEY, input text NOT NULL)')
  const store = postgresStore(pool, { preparedStatements: true })
  const outbox = createOutbox({ store })
  try {
    return await work({ pool, outbox, idempotency: createIdempotency({ store, outbox }) })
  } finally {
    await pool.end()
    await database.drop()
  }
}

async function rateOf(operation: () => Promise<void>): Promise<number> {
  const started = performance.now()
  for (let done = 0; done < operations; done++) await operation()
  return operations / ((performance.now() - started) / 1_000)
}
