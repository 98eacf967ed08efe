import { randomInt } from 'node:crypto'
import { once } from 'node:events'
import { readdir, readFile } from 'node:fs/promises'
import { type AddressInfo, createServer, type Server } from 'node:net'
import { createDatabase, createTopics, type TestDatabase } from '@pigeonhole/testing'
import { Kafka, logLevel } from 'kafkajs'
import pg from 'pg'
import { migrate } from 'pigeonhole/postgres'
import { customers, products, soldOut } from './catalogue.js'
import { shopTables } from './shop-books.js'

/** The servers of the demo. */
export interface Servers {
  /** A superuser's connection. */
  readonly postgresUrl: string
  readonly brokers: readonly string[]
  /** Whether they live on after the demo, so that it has to clear up. */
  readonly shared: boolean
}

/** What one run has for itself: three databases, topics under a prefix, and where its order services listen. */
export interface Stage {
  readonly prefix: string
  readonly orders: TestDatabase
  readonly billing: TestDatabase
  /** What the shops write down. */
  readonly shop: TestDatabase
  /** Of each order service, which has the same one when it is started again. */
  readonly ordersUrls: readonly string[]
  /** What its processes find in their environment. */
  readonly environment: Readonly<Record<string, string>>
}

/** Sets the stage for a run. `prefix` is its own, so that a shared server is fine too. */
export async function setStage({ postgresUrl, brokers }: Servers, prefix: string): Promise<Stage> {
  const name = (service: string): string => `${prefix}${service}`.replaceAll(/[.-]/g, '_')
  const orders = await createDatabase({ url: postgresUrl, name: name('orders') })
  const billing = await createDatabase({ url: postgresUrl, name: name('billing') })
  const shop = await createDatabase({ url: postgresUrl, name: name('shop') })
  // With the network at hand `prisma migrate deploy` does this. The demo works without it, so it runs the same files.
  await applyMigrations(orders, 'orders')
  await applyMigrations(billing, 'billing')
  await migrate({ connectionString: orders.url })
  await migrate({ connectionString: billing.url })
  await fillShelves(orders)
  await execute(shop, async (client) => void (await client.query(shopTables)))
  await provideTopics(brokers, prefix)
  const environment = {
    ORDERS_DATABASE_URL: orders.url,
    BILLING_DATABASE_URL: billing.url,
    SHOP_DATABASE_URL: shop.url,
    KAFKA_BROKERS: brokers.join(','),
    KAFKA_PREFIX: prefix,
  }
  const ordersUrls = await freeUrls(2)
  return { prefix, orders, billing, shop, ordersUrls, environment }
}

/** Removes the databases, topics and consumer groups of a run from servers that live on. */
export async function strikeStage(
  { prefix, orders, billing, shop }: Stage,
  { brokers, shared }: Servers,
): Promise<void> {
  if (!shared) return
  await Promise.all([orders.drop(), billing.drop(), shop.drop()])
  await withAdmin(brokers, async (admin) => {
    const topics = (await admin.listTopics()).filter((topic) => topic.includes(prefix))
    await admin.deleteTopics({ topics, timeout: 30_000 })
    const { groups } = await admin.listGroups()
    const ours = groups.map(({ groupId }) => groupId).filter((group) => group.includes(prefix))
    await admin.deleteGroups(ours).catch(() => undefined) // One whose members have just been killed is not empty yet.
  })
}

async function applyMigrations(database: TestDatabase, service: string): Promise<void> {
  const folder = new URL(`../../prisma/${service}/migrations/`, import.meta.url)
  await execute(database, async (client) => {
    for (const migration of (await readdir(folder)).sort()) {
      await client.query(await readFile(new URL(`${migration}/migration.sql`, folder), 'utf8'))
    }
  })
}

async function fillShelves(database: TestDatabase): Promise<void> {
  await execute(database, async (client) => {
    await client.query('INSERT INTO customer (id) SELECT unnest($1::text[])', [customers])
    await client.query(
      'INSERT INTO product (id, price_cents, stock) SELECT id, 100 * row_number() OVER (), 1000000 FROM unnest($1::text[]) AS id',
      [products],
    )
    await client.query('INSERT INTO product (id, price_cents, stock) VALUES ($1, 1, 0)', [soldOut])
  })
}

async function execute(database: TestDatabase, work: (client: pg.Client) => Promise<void>): Promise<void> {
  const client = new pg.Client({ connectionString: database.url })
  await client.connect()
  try {
    await work(client)
  } finally {
    await client.end()
  }
}

// A port was free a moment ago: it has to be the same one in each life of its service. None is given up before all are chosen.
async function freeUrls(count: number): Promise<string[]> {
  const servers = await Promise.all(Array.from({ length: count }, holdPort))
  const ports = servers.map((server) => (server.address() as AddressInfo).port)
  for (const server of servers) {
    server.close()
    await once(server, 'close')
  }
  return ports.map((port) => `http://127.0.0.1:${port}/orders`)
}

// Below every system's ephemeral range: who asks a service that was killed again may be given that very port as its own, and keep the
// service from coming back.
async function holdPort(): Promise<Server> {
  for (;;) {
    const server = createServer()
    try {
      server.listen({ port: randomInt(15_000, 32_000), host: '127.0.0.1', exclusive: true })
      await once(server, 'listening')
      return server
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error
    }
  }
}

async function provideTopics(brokers: readonly string[], prefix: string): Promise<void> {
  const partitions = { orders: 4, refunds: 2, invoices: 4 }
  const topics = Object.entries(partitions).map(([name, numPartitions]) => ({
    topic: `${prefix}${name}`,
    numPartitions,
  }))
  await createTopics(brokers, topics)
}

type Admin = ReturnType<Kafka['admin']>

async function withAdmin<T>(brokers: readonly string[], work: (admin: Admin) => Promise<T>): Promise<T> {
  const admin = new Kafka({ clientId: 'demo', brokers: [...brokers], logLevel: logLevel.NOTHING }).admin()
  await admin.connect()
  try {
    return await work(admin)
  } finally {
    await admin.disconnect()
  }
}
