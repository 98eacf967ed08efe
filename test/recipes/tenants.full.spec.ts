import { createInbox, createOutbox, createRelay, type Relay, type Topic } from '@pigeonhole/core'
import { kafkajsPublisher } from '@pigeonhole/kafkajs'
import { migrate, postgresStore } from '@pigeonhole/postgres'
import { prismaStore } from '@pigeonhole/prisma'
import { readLog } from '@pigeonhole/testing'
import pg from 'pg'
import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest'
import { eventually } from '../run-inbox/events.js'
import { InboxLab } from '../run-inbox/inbox-lab.js'
import { placeOrder, receiveOrders, type TenantOrder, tenantClient, tenantOrders } from './tenants.js'

const servers = { databaseUrl: inject('databaseUrl'), kafkaBrokers: inject('kafkaBrokers') }
const tenants = ['acme', 'Bricks & Co']
/** Prisma's own limits are seconds, which a busy machine may take. */
const patient = { maxWait: 30_000, timeout: 30_000 }

let lab: InboxLab
let orders: Topic<TenantOrder>
beforeEach(async () => {
  lab = await InboxLab.open(servers)
  orders = tenantOrders((await lab.createTopic()).name)
  for (const tenant of tenants) {
    // A table by the name of one of Pigeonhole's is where an unqualified statement would go.
    await lab.pool.query(`
      CREATE SCHEMA ${pg.escapeIdentifier(tenant)};
      SET search_path TO ${pg.escapeIdentifier(tenant)};
      CREATE TABLE orders (id integer PRIMARY KEY, cents integer NOT NULL);
      CREATE TABLE received (id integer PRIMARY KEY, cents integer NOT NULL);
      CREATE TABLE invoice (id text PRIMARY KEY, order_id text UNIQUE NOT NULL, cents integer NOT NULL);
      CREATE TABLE outbox_message (trap integer);
      CREATE TABLE inbox_position (trap integer);
      RESET search_path`)
  }
})
afterEach(() => lab[Symbol.asyncDispose]())

async function inTransaction(work: (tx: pg.ClientBase) => Promise<unknown>): Promise<void> {
  const client = await lab.pool.connect()
  try {
    await client.query('BEGIN')
    await work(client)
    await client.query('COMMIT')
  } finally {
    client.release()
  }
}

async function readAll(tenant: string, table: string): Promise<unknown[]> {
  const from = `${pg.escapeIdentifier(tenant)}.${table}`
  return (await lab.pool.query(`SELECT id, cents FROM ${from} ORDER BY id`)).rows
}

async function relayAll(name: string, store = lab.store): Promise<Relay> {
  const relay = createRelay({ name, store, publisher: kafkajsPublisher(lab.newKafka()) })
  await relay.start()
  await relay.drain()
  await relay.stop()
  return relay
}

async function readOrders(): Promise<{ key: string; value: TenantOrder }[]> {
  const log = await readLog({ brokers: servers.kafkaBrokers, topics: [orders.name] })
  return log.map(({ key, value }) => ({
    key: Buffer.from(key ?? []).toString(),
    value: JSON.parse(Buffer.from(value ?? []).toString()),
  }))
}

describe('tenants with tables of their own, and one schema of Pigeonhole', () => {
  it('publish and handle in transactions whose search_path is the tenant’s', async () => {
    const outbox = createOutbox({ store: lab.store })
    for (const [cents, tenant] of tenants.entries()) {
      await inTransaction((tx) => placeOrder(tx, outbox, orders, { tenant, orderId: 1, cents }))
    }
    // It ends with the transaction: the connection knows nothing of it.
    const { rows } = await lab.pool.query("SELECT to_regclass('orders') AS orders")
    expect(rows).toEqual([{ orders: null }])

    await relayAll(lab.name)
    expect(await readOrders()).toEqual([
      { key: 'acme/1', value: { tenant: 'acme', orderId: 1, cents: 0 } },
      { key: 'Bricks & Co/1', value: { tenant: 'Bricks & Co', orderId: 1, cents: 1 } },
    ])

    const inbox = createInbox({ store: lab.store, name: 'tenants' })
    await lab.run({ inbox, options: { handlers: [receiveOrders(orders)] } })
    for (const [cents, tenant] of tenants.entries()) {
      await eventually(() => readAll(tenant, 'received')).toEqual([{ id: 1, cents }])
      expect(await readAll(tenant, 'orders')).toEqual([{ id: 1, cents }])
    }
    const { rows: positions } = await lab.pool.query('SELECT inbox FROM pigeonhole.inbox_position')
    expect(positions).toEqual([{ inbox: 'tenants' }])
  })

  it('publish with a Prisma client each, over one pool', async () => {
    for (const [cents, tenant] of tenants.entries()) {
      const prisma = tenantClient(lab.pool, tenant)
      const outbox = createOutbox({ store: prismaStore(prisma) })
      await prisma.$transaction(async (tx) => {
        await tx.invoice.create({ data: { id: 'i-1', orderId: 'o-1', cents } })
        await outbox.publish(tx, orders, { tenant, orderId: 1, cents })
      }, patient)
      await prisma.$disconnect()
      expect(await readAll(tenant, 'invoice')).toEqual([{ id: 'i-1', cents }])
    }
    await relayAll(lab.name)
    expect((await readOrders()).map(({ key }) => key)).toEqual(['acme/1', 'Bricks & Co/1'])
  })

  it('have models that do not follow the search_path: a Prisma client has one schema', async () => {
    const prisma = tenantClient(lab.pool, 'acme')
    const received = prismaStore(prisma).transaction({ timeoutMs: 30_000 }, async (tx) => {
      await tx.$executeRaw`SELECT set_config('search_path', quote_ident('Bricks & Co'), true)`
      await tx.$executeRaw`INSERT INTO received (id, cents) VALUES (1, 1)`
      await tx.invoice.create({ data: { id: 'i-1', orderId: 'o-1', cents: 1 } })
    })
    await received
    await prisma.$disconnect()
    expect(await readAll('Bricks & Co', 'received')).toEqual([{ id: 1, cents: 1 }])
    expect(await readAll('acme', 'invoice')).toEqual([{ id: 'i-1', cents: 1 }])
  })
})

describe('tenants with a schema of Pigeonhole each', () => {
  it('have an outbox and a relay each, under a name of its own', async () => {
    for (const [cents, tenant] of ['acme', 'bricks'].entries()) {
      const schema = `${tenant}_pigeonhole`
      await migrate({ pool: lab.pool, schema })
      const store = postgresStore(lab.pool, { schema })
      const outbox = createOutbox({ store })
      await inTransaction((tx) => outbox.publish(tx, orders, { tenant, orderId: 1, cents }))
      await relayAll(`${lab.name}-${tenant}`, store)
    }
    expect((await readOrders()).map(({ key }) => key).toSorted()).toEqual(['acme/1', 'bricks/1'])
  })
})
