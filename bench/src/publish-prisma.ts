import { createOutbox, topic } from '@pigeonhole/core'
import { prismaStore } from '@pigeonhole/prisma'
import { PrismaPg } from '@prisma/adapter-pg'
import { type BenchServers, migratedDatabase } from './bench-servers.js'
import { type Comparison, compare } from './comparison.js'
import { PrismaClient } from './generated/client.js'

const transactions = 200
const payload = JSON.stringify({ type: 'OrderPlaced', note: 'x'.repeat(160) })

/**
 * `publish-prisma`: a Prisma transaction that creates an order and publishes one message, against the same transaction
 * with an INSERT by hand into a table of the same columns without Pigeonhole. Both one after the other.
 */
export async function publishPrisma(servers: BenchServers): Promise<Comparison> {
  const database = await migratedDatabase(servers)
  const prisma = new PrismaClient({ adapter: new PrismaPg({ connectionString: database.url }) })
  await prisma.$executeRawUnsafe('CREATE TABLE orders (id uuid PRIMARY KEY, cents int NOT NULL)')
  await prisma.$executeRawUnsafe(`CREATE TABLE plain_outbox (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, topic text NOT NULL, key bytea, headers jsonb NOT NULL,
    payload bytea, created_at timestamptz NOT NULL DEFAULT now())`)
  try {
    return await compare({
      name: 'publish-prisma',
      unit: 'transactions/s',
      against: 'the same Prisma transaction with one INSERT by hand',
      pairs: 15,
      ours: () => rateOf(() => publish(prisma)),
      baseline: () => rateOf(() => insertByHand(prisma)),
    })
  } finally {
    await prisma.$disconnect()
    await database.drop()
  }
}

async function publish(prisma: PrismaClient): Promise<void> {
  const outbox = createOutbox({ store: prismaStore(prisma) })
  const orders = topic<{ type: string; note: string; orderId: string }>('orders', {
    key: (event) => event.orderId,
  })
  const event = JSON.parse(payload) as { type: string; note: string }
  for (let i = 0; i < transactions; i++) {
    await prisma.$transaction(async (tx) => {
      const order = await tx.order.create({ data: { cents: i } })
      await outbox.publish(tx, orders, { ...event, orderId: order.id })
    })
  }
}

async function insertByHand(prisma: PrismaClient): Promise<void> {
  const event = JSON.parse(payload) as { type: string; note: string }
  for (let i = 0; i < transactions; i++) {
    await prisma.$transaction(async (tx) => {
      const order = await tx.order.create({ data: { cents: i } })
      const value = Buffer.from(JSON.stringify({ ...event, orderId: order.id }))
      await tx.$executeRaw`INSERT INTO plain_outbox (topic, key, headers, payload)
        VALUES (${'orders'}, ${Buffer.from(order.id)}, '[]'::jsonb, ${value})`
    })
  }
}

async function rateOf(work: () => Promise<void>): Promise<number> {
  const started = performance.now()
  await work()
  return transactions / ((performance.now() - started) / 1_000)
}
