import { randomUUID } from 'node:crypto'
import {
  createIdempotency,
  createInbox,
  createOutbox,
  createRelay,
  type Delivery,
  type HandlerContext,
  on,
  topic,
} from '@pigeonhole/core'
import { kafkajsPublisher } from '@pigeonhole/kafkajs'
import { migrate, postgresStore } from '@pigeonhole/postgres'
import { prismaStore, type TransactionOf } from '@pigeonhole/prisma'
import { createTopics, DebianPostgres, readLog } from '@pigeonhole/testing'
import { Kafka, logLevel } from 'kafkajs'
import type pg from 'pg'
import { afterAll, afterEach, beforeAll, describe, expect, inject, it } from 'vitest'
import { quietPool } from '../postgres/quiet-pool.js'
import { eventually } from '../run-inbox/events.js'
import { connect } from './replicas.js'

interface Order {
  readonly orderId: string
}

type Client = ReturnType<typeof connect>
type Tx = TransactionOf<Client>

const brokers = inject('kafkaBrokers')
const name = `replicas-${randomUUID()}`
const orders = topic<Order>(name, { key: ({ orderId }) => orderId })

let family: DebianPostgres
let primary: pg.Pool
let replica: pg.Pool
let prisma: Client

beforeAll(async () => {
  family = await DebianPostgres.open()
  const server = await family.initialise('primary')
  await server.start()
  primary = quietPool(server.url)
  await migrate({ pool: primary })
  await primary.query(
    'CREATE TABLE invoice (id text PRIMARY KEY, order_id text UNIQUE NOT NULL, cents integer NOT NULL)',
  )
  const standby = await family.copy(server, 'standby', { standby: true })
  await standby.start()
  replica = quietPool(standby.url)
  prisma = connect(server.url, standby.url)
  await createTopics(brokers, [{ topic: name, numPartitions: 1 }])
}, 120_000)
afterAll(async () => {
  await prisma.$disconnect()
  await primary.end()
  await replica.end()
  await family[Symbol.asyncDispose]()
})
afterEach(async () => {
  await replica.query('SELECT CASE WHEN pg_is_wal_replay_paused() THEN pg_wal_replay_resume() END')
  await primary.query('TRUNCATE invoice')
})

/** From now on the replica is behind, as one is that has much to do. */
async function stopFollowing(): Promise<void> {
  const { rows } = await primary.query('SELECT pg_current_wal_lsn() AS lsn')
  const followed = async () =>
    (await replica.query('SELECT pg_last_wal_replay_lsn() >= $1::pg_lsn AS followed', [rows[0].lsn])).rows[0]
      .followed
  await eventually(followed).toBe(true)
  await replica.query('SELECT pg_wal_replay_pause()')
  await eventually(
    async () => (await replica.query('SELECT pg_get_wal_replay_pause_state() AS state')).rows,
  ).toEqual([{ state: 'paused' }])
}

const invoiceOf = (orderId: string) => ({ id: `i-${orderId}`, orderId, cents: 1 })
const delivered = (orderId: string, offset: bigint): Delivery => ({
  topic: name,
  partition: 0,
  offset,
  timestamp: new Date(),
  key: Buffer.from(orderId),
  value: Buffer.from(JSON.stringify({ orderId })),
  headers: [],
})

async function relayAll(): Promise<string[]> {
  const kafka = new Kafka({ brokers, logLevel: logLevel.NOTHING })
  const relay = createRelay({ name, store: postgresStore(primary), publisher: kafkajsPublisher(kafka) })
  await relay.start()
  await relay.drain()
  await relay.stop()
  const log = await readLog({ brokers, topics: [name] })
  return log.map(({ value }) => JSON.parse(Buffer.from(value ?? []).toString()).orderId)
}

/** Prisma's own limits are seconds, which a busy machine may take. */
const patient = { maxWait: 30_000, timeout: 30_000 }

describe('a client whose reads go to a replica', () => {
  const where = { orderId: 'o-1' }

  it('publishes, and reads what it publishes of, on the primary; what it tells of may be sent before the replica has it', async () => {
    await stopFollowing()
    const outbox = createOutbox({ store: prismaStore(prisma) })
    await prisma.$transaction(async (tx) => {
      await tx.invoice.create({ data: invoiceOf('o-1') })
      expect(await tx.invoice.findUnique({ where })).not.toBeNull()
      await outbox.publish(tx, orders, where)
    }, patient)
    expect(await relayAll()).toEqual(['o-1'])
    expect(await prisma.invoice.findUnique({ where })).toBeNull()
    expect(await prisma.$primary().invoice.findUnique({ where })).not.toBeNull()
  })

  it('handles each message once, with what its handler reads, on the primary', async () => {
    await stopFollowing()
    const inbox = createInbox({ store: prismaStore(prisma), name })
    const seen: unknown[] = []
    const handler = on(orders, async ({ message, tx }: HandlerContext<Tx, Order>) => {
      await tx.invoice.create({ data: invoiceOf(message.value.orderId) })
      seen.push(await tx.invoice.findUnique({ where }), await tx.invoice.count())
    })
    await inbox.handle(delivered('o-1', 0n), handler)
    await inbox.handle(delivered('o-1', 0n), handler)
    expect(seen).toEqual([invoiceOf('o-1'), 1])
    expect(await prisma.invoice.count()).toBe(0)
  })

  it('does an operation once for its key, on the primary', async () => {
    await stopFollowing()
    const idempotency = createIdempotency({ store: prismaStore(prisma) })
    const operation = { operation: 'POST /orders', key: randomUUID(), input: 'o-1' }
    const run = () =>
      idempotency.run(operation, async ({ tx }) => {
        await tx.invoice.create({ data: invoiceOf('o-1') })
        return tx.invoice.count()
      })
    expect(await run()).toEqual({ replayed: false, result: 1 })
    expect(await run()).toEqual({ replayed: true, result: 1 })
  })
})

describe('a transaction with synchronous_commit = remote_apply', () => {
  const waiting = async () =>
    (await primary.query("SELECT FROM pg_stat_activity WHERE wait_event = 'SyncRep'")).rowCount

  async function setSynchronous(names: string): Promise<void> {
    await primary.query(`ALTER SYSTEM SET synchronous_standby_names = '${names}'`)
    await primary.query('SELECT pg_reload_conf()')
    const state = async () => (await primary.query('SELECT sync_state FROM pg_stat_replication')).rows
    await eventually(state).toEqual([{ sync_state: names === '' ? 'async' : 'sync' }])
  }

  it('has its messages sent no sooner than the replica has it', async () => {
    await setSynchronous('*')
    await stopFollowing()
    const client = await primary.connect()
    try {
      await client.query('BEGIN')
      await client.query('SET LOCAL synchronous_commit = remote_apply')
      await client.query("INSERT INTO invoice VALUES ('i-2', 'o-2', 1)")
      await createOutbox({ store: postgresStore(primary) }).publish(client, orders, { orderId: 'o-2' })
      const committed = client.query('COMMIT')
      await eventually(waiting).toBe(1)
      expect(await relayAll()).not.toContain('o-2')
      await replica.query('SELECT pg_wal_replay_resume()')
      await committed
      expect(await prisma.invoice.findUnique({ where: { orderId: 'o-2' } })).not.toBeNull()
      expect(await relayAll()).toContain('o-2')
    } finally {
      client.release(true)
      await setSynchronous('')
    }
  })
})

describe('a store over the replica itself', () => {
  const standby = expect.objectContaining({ code: 'STORE_STANDBY', retryable: true })
  const operation = { operation: 'POST /orders', key: 'k', input: 'o-1' }

  it('refuses to publish, to handle and to do an operation, with Prisma', async () => {
    const client = prisma.$replica()
    const store = prismaStore(client)
    const outbox = createOutbox({ store })
    for (const ordered of [false, true]) {
      const published = client.$transaction(
        (tx) => outbox.publish(tx, orders, { orderId: 'o-1' }, { ordered }),
        patient,
      )
      await expect(published).rejects.toEqual(standby)
    }
    const handled = createInbox({ store, name }).handle(
      delivered('o-1', 1n),
      on(orders, async () => undefined),
    )
    await expect(handled).rejects.toEqual(standby)
    await expect(createIdempotency({ store }).run(operation, async () => 'done')).rejects.toEqual(standby)
  })

  it('refuses them with node-postgres', async () => {
    const store = postgresStore(replica)
    const outbox = createOutbox({ store })
    const client = await replica.connect()
    try {
      await client.query('BEGIN')
      await expect(outbox.publish(client, orders, { orderId: 'o-1' })).rejects.toEqual(standby)
    } finally {
      client.release(true)
    }
    const handled = createInbox({ store, name }).handle(
      delivered('o-1', 1n),
      on(orders, async () => undefined),
    )
    await expect(handled).rejects.toEqual(standby)
    await expect(createIdempotency({ store }).run(operation, async () => 'done')).rejects.toEqual(standby)
  })
})
