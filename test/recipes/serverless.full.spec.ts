import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { createOutbox, isPigeonholeError, type Topic, topic } from '@pigeonhole/core'
import { prismaStore } from '@pigeonhole/prisma'
import { type PgBouncer, readLog, startPgBouncer } from '@pigeonhole/testing'
import { PrismaPg } from '@prisma/adapter-pg'
import pg from 'pg'
import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest'
import { PrismaClient } from '../prisma/fixture/generated/client.js'
import { eventually } from '../run-inbox/events.js'
import { InboxLab } from '../run-inbox/inbox-lab.js'
import { type OrderRequest, type PlacedOrder, placeOrder, relayOnce } from './serverless.js'

const servers = { databaseUrl: inject('databaseUrl'), kafkaBrokers: inject('kafkaBrokers') }
const program = fileURLToPath(new URL('../dist/recipes/serverless-process.js', import.meta.url))

let lab: InboxLab
let bouncer: PgBouncer
let orders: Topic<PlacedOrder>
let instance: ChildProcess | undefined
beforeEach(async () => {
  lab = await InboxLab.open(servers)
  await lab.pool.query('CREATE TABLE orders (id text PRIMARY KEY, cents integer NOT NULL)')
  orders = topic<PlacedOrder>((await lab.createTopic()).name, { key: ({ orderId }) => orderId })
  bouncer = await startPgBouncer({
    url: lab.databaseUrl,
    settings: { pool_mode: 'transaction', default_pool_size: '3' },
  })
})
afterEach(async () => {
  instance?.kill('SIGKILL')
  await bouncer.stop()
  await lab[Symbol.asyncDispose]()
})

const requestOf = (i: number): OrderRequest => ({ requestId: `r-${i}`, orderId: `o-${i}`, cents: i })
const place = (request: OrderRequest) => placeOrder(bouncer.url, orders, request)

/** As a platform does: what has failed for want of time is invoked again. */
async function persist(request: OrderRequest): ReturnType<typeof place> {
  for (;;) {
    try {
      return await place(request)
    } catch (error) {
      if (!isPigeonholeError(error) || !error.retryable) throw error
    }
  }
}

/** An invocation in a process of its own, which sends itself a signal in the middle of its transaction. */
function start(signal: NodeJS.Signals, request: OrderRequest): ChildProcess {
  const args = [program, bouncer.url, orders.name, signal, JSON.stringify(request)]
  instance = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] })
  return instance
}

async function placed(): Promise<unknown[]> {
  return (await lab.pool.query('SELECT id FROM orders ORDER BY cents')).rows.map(({ id }) => id)
}

async function sent(): Promise<string[]> {
  await relayOnce(lab.name, lab.databaseUrl, lab.newKafka())
  const log = await readLog({ brokers: servers.kafkaBrokers, topics: [orders.name] })
  return log.map(({ value }) => JSON.parse(Buffer.from(value ?? []).toString()).orderId)
}

describe('a function that publishes through PgBouncer in transaction mode', { timeout: 120_000 }, () => {
  it('does once what it is invoked for, however often, with many more instances than server connections', async () => {
    const requests = Array.from({ length: 40 }, (_, i) => requestOf(i))
    const answers = await Promise.all(requests.map(persist))
    expect(await Promise.all(requests.map(persist))).toEqual(answers)
    expect(await placed()).toEqual(requests.map(({ orderId }) => orderId))
    expect((await sent()).toSorted()).toEqual(requests.map(({ orderId }) => orderId).toSorted())
  })

  it('leaves nothing where it is killed in the middle, and is invoked again', async () => {
    expect(await once(start('SIGKILL', requestOf(1)), 'exit')).toEqual([null, 'SIGKILL'])
    expect(await placed()).toEqual([])
    expect(await place(requestOf(1))).toEqual({ placed: 'o-1' })
    expect(await sent()).toEqual(['o-1'])
  })

  it('holds nobody up for longer than its timeout where it is frozen, and fails once it goes on', async () => {
    const frozen = start('SIGSTOP', requestOf(1))
    const said: unknown[] = []
    frozen.stderr?.on('data', (data) => said.push(data))
    // Before that it may be in a transaction, and not have claimed its key.
    await once(frozen.stdout as NodeJS.ReadableStream, 'data')
    const repeat = () =>
      place(requestOf(1)).catch((error: unknown) => {
        if (isPigeonholeError(error, 'KEY_RUNNING')) return 'running'
        throw error
      })
    expect(await repeat()).toBe('running')
    await eventually(repeat).toEqual({ placed: 'o-1' })
    frozen.kill('SIGCONT')
    expect(await once(frozen, 'close')).toEqual([1, null])
    expect(said.join('')).toContain('STORE_UNAVAILABLE')
    expect(await placed()).toEqual(['o-1'])
    expect(await sent()).toEqual(['o-1'])
  })

  it('publishes with Prisma as well', async () => {
    await lab.pool.query(
      'CREATE TABLE invoice (id text PRIMARY KEY, order_id text UNIQUE NOT NULL, cents integer NOT NULL)',
    )
    const invoke = async (i: number) => {
      const prisma = new PrismaClient({ adapter: new PrismaPg({ connectionString: bouncer.url, max: 1 }) })
      const outbox = createOutbox({ store: prismaStore(prisma) })
      const orderId = `o-${i}`
      await prisma.$transaction(
        async (tx) => {
          await tx.invoice.create({ data: { id: orderId, orderId, cents: i } })
          await outbox.publish(tx, orders, { orderId, cents: i }, { ordered: true })
        },
        // Prisma's own limits are seconds, and a busy machine begins all of these before it goes on with the first.
        { maxWait: 30_000, timeout: 30_000 },
      )
      await prisma.$disconnect()
    }
    await Promise.all(Array.from({ length: 12 }, (_, i) => invoke(i)))
    expect(await sent()).toHaveLength(12)
  })

  it('may not have the pool set what belongs to a session: PgBouncer refuses the connection', async () => {
    const client = new pg.Client({ connectionString: bouncer.url, statement_timeout: 1_000 })
    client.on('error', () => undefined)
    await expect(client.connect()).rejects.toThrow('unsupported startup parameter: statement_timeout')
  })
})

describe('a relay that is invoked on a timer', () => {
  it('sends each message once, also where two invocations meet', async () => {
    for (let i = 0; i < 20; i++) await persist(requestOf(i))
    await Promise.all([1, 2].map(() => relayOnce(lab.name, lab.databaseUrl, lab.newKafka())))
    expect((await sent()).toSorted()).toEqual(Array.from({ length: 20 }, (_, i) => `o-${i}`).toSorted())
  })
})
