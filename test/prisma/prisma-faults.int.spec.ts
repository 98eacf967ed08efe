import { randomUUID } from 'node:crypto'
import { createInbox, createOutbox, on, type Topic, topic } from '@pigeonhole/core'
import { migrate } from '@pigeonhole/postgres'
import { prismaStore } from '@pigeonhole/prisma'
import { PrismaPg } from '@prisma/adapter-pg'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { StoreDatabase } from '../postgres/store-database.js'
import { type Prisma, PrismaClient } from './fixture/generated/client.js'

type Tx = Prisma.TransactionClient

let database: StoreDatabase
let prisma: PrismaClient

beforeAll(async () => {
  database = await StoreDatabase.create()
  const name = new URL(database.url).pathname.slice(1)
  await database.pool.query(`ALTER DATABASE ${name} SET default_transaction_isolation = 'serializable'`)
  prisma = clientOf(database.url)
  await migrate({ pool: database.pool })
  await database.pool.query(`
    CREATE TABLE invoice (id text PRIMARY KEY, order_id text UNIQUE, cents int NOT NULL);
    CREATE TABLE later (id int PRIMARY KEY, other int REFERENCES later (id) DEFERRABLE INITIALLY DEFERRED)`)
})
afterAll(async () => {
  await prisma.$disconnect()
  await database.drop()
})
beforeEach(async () => {
  await database.pool.query("TRUNCATE invoice; INSERT INTO invoice VALUES ('a', 'a', 1), ('b', 'b', 1)")
})

const bounds = { timeoutMs: 10_000 }
type PublishOrder = (to: Topic<Order, unknown>, value: Order, options: { key: string }) => Promise<string>

interface Order {
  readonly id: string
}

const orders = topic<Order>('orders')

function clientOf(connectionString: string): PrismaClient {
  // Prisma's own limits are 2 and 5 seconds, which a busy machine may need.
  const transactionOptions = { maxWait: 30_000, timeout: 30_000 }
  return new PrismaClient({ adapter: new PrismaPg({ connectionString }), transactionOptions })
}

function inTransaction<R>(work: (tx: Tx) => Promise<R>, client = prisma): Promise<R> {
  return prismaStore(client).transaction(bounds, work)
}

async function expectCode(call: Promise<unknown>, code: string): Promise<void> {
  await expect(call).rejects.toMatchObject({ name: 'PigeonholeError', code, cause: expect.any(Error) })
}

async function endSession(tx: Tx): Promise<void> {
  const rows = await tx.$queryRaw<{ pid: number }[]>`SELECT pg_backend_pid() AS pid`
  const pid = rows[0]?.pid
  await database.pool.query('SELECT pg_terminate_backend($1)', [pid])
  const sessions = async () =>
    (await database.pool.query('SELECT FROM pg_stat_activity WHERE pid = $1', [pid])).rowCount
  await expect.poll(sessions).toBe(0)
}

describe("a transaction of the store's", () => {
  it('is READ COMMITTED and bounded on the server, whatever the defaults of the database', async () => {
    const settings = await inTransaction(
      (tx) => tx.$queryRaw`SELECT current_setting('transaction_isolation') AS isolation,
        current_setting('statement_timeout') AS statement,
        current_setting('idle_in_transaction_session_timeout') AS idle`,
    )
    expect(settings).toEqual([{ isolation: 'read committed', statement: '10s', idle: '10s' }])
    const after = await prisma.$queryRaw`SELECT current_setting('statement_timeout') AS statement`
    expect(after).toEqual([{ statement: '0' }])
  })

  it('that loses a deadlock in the queries of a handler is a conflict, and the other one commits', async () => {
    let arrived = 0
    const raise = (ids: readonly string[]) =>
      inTransaction(async (tx) => {
        for (const id of ids) {
          await tx.invoice.update({ where: { id }, data: { cents: { increment: 1 } } })
          arrived += 1
          await expect.poll(() => arrived).toBeGreaterThanOrEqual(2)
        }
      })
    const outcomes = await Promise.allSettled([raise(['a', 'b']), raise(['b', 'a'])])
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    const lost = outcomes.find((outcome) => outcome.status === 'rejected')
    expect(lost?.reason).toMatchObject({ code: 'STORE_CONFLICT', retryable: true, cause: { code: 'P2034' } })
    expect(await prisma.invoice.findMany({ select: { cents: true } })).toEqual([{ cents: 2 }, { cents: 2 }])
  })

  it("passes the handler's own violations as Prisma throws them, also the one that COMMIT finds", async () => {
    const violation = inTransaction((tx) => tx.invoice.create({ data: { id: 'a', orderId: 'x', cents: 1 } }))
    await expect(violation).rejects.toMatchObject({ name: 'PrismaClientKnownRequestError', code: 'P2002' })
    const deferred = inTransaction((tx) => tx.$executeRaw`INSERT INTO later VALUES (1, 99)`)
    await expect(deferred).rejects.toMatchObject({
      name: 'DriverAdapterError',
      cause: { originalCode: '23503' },
    })
  })

  it('whose connection breaks has an unknown outcome', async () => {
    const store = prismaStore(prisma)
    const before = inTransaction(async (tx) => {
      await endSession(tx)
      await store.receiveMessages(tx, 'inbox', {
        topic: 'orders',
        range: undefined,
        messages: [{ id: { scope: 'scope', id: 'id' }, key: null }],
      })
    })
    await expectCode(before, 'STORE_UNAVAILABLE')
    await expectCode(inTransaction(endSession), 'STORE_UNAVAILABLE')
    // The pool may hand out a connection before it has heard of its end.
    await expect.poll(() => inTransaction((tx) => tx.invoice.count()).catch(() => undefined)).toBe(2)
  })

  it('in which a handler swallowed a violation does not count as handled', async () => {
    const inbox = createInbox({ store: prismaStore(prisma), name: 'billing' })
    const delivery = {
      topic: 'orders',
      partition: 0,
      offset: 7n,
      key: null,
      headers: [],
      value: Buffer.from('{}'),
    }
    const careless = on(orders, async ({ tx }: { tx: Tx }) => {
      await tx.invoice.create({ data: { id: 'c', orderId: 'c', cents: 1 } })
      await tx.invoice.create({ data: { id: 'a', orderId: 'x', cents: 1 } }).catch(() => undefined)
    })
    await expect(inbox.handle(delivery, careless)).rejects.toMatchObject({ code: 'HANDLER_SWALLOWED_ERROR' })
    expect(await prisma.invoice.count()).toBe(2)
    const careful = on(orders, async ({ tx }: { tx: Tx }) => {
      await tx.invoice.createMany({ data: [{ id: 'a', orderId: 'a', cents: 1 }], skipDuplicates: true })
    })
    expect(await inbox.handle(delivery, careful)).toEqual({ status: 'handled' })
    expect(await inbox.handle(delivery, careful)).toEqual({ status: 'duplicate', by: 'position' })
  })
})

describe('a handler that ends its transaction itself', () => {
  it.each(['ROLLBACK', 'COMMIT'])('does not count as having handled its message: %s', async (end) => {
    const inbox = createInbox({ store: prismaStore(prisma), name: end.toLowerCase() })
    const ending = on(orders, async ({ tx }: { tx: Tx }) => {
      await tx.$executeRawUnsafe(end)
    })
    const delivery = { topic: 'orders', partition: 0, offset: 7n, key: null, headers: [], value: null }
    const handling = inbox.handle({ ...delivery, value: Buffer.from('{}') }, ending)
    await expect(handling).rejects.toMatchObject({ code: 'HANDLER_SWALLOWED_ERROR' })
  })
})

describe('publishing', () => {
  const outbox = () => createOutbox({ store: prismaStore(prisma) })
  const count = async () => (await database.readMessages('pigeonhole')).length

  it('in a nested transaction follows what becomes of that', async () => {
    const before = await count()
    await prisma.$transaction(async (tx) => {
      await outbox().publish(tx, orders, { id: 'outer' })
      const nested = tx.$transaction(async (inner) => {
        await outbox().publish(inner, orders, { id: 'inner' })
        throw new Error('nested')
      })
      await expect(nested).rejects.toThrow('nested')
    })
    expect((await count()) - before).toBe(1)
  })

  it('is refused when the transaction is over', async () => {
    let kept: Tx | undefined
    await prisma.$transaction(async (tx) => {
      kept = tx
    })
    await expectCode(outbox().publish(kept as Tx, orders, { id: 'late' }), 'OUTSIDE_TRANSACTION')
  })

  it('is refused on a client, extended or not', async () => {
    const extended = prisma.$extends({ client: { $greet: () => 'hello' } })
    for (const client of [prisma, extended]) {
      const publishing = outbox().publish(client as unknown as Tx, orders, { id: 'outside' })
      await expect(publishing).rejects.toMatchObject({ code: 'OUTSIDE_TRANSACTION' })
    }
  })

  it('goes through the transaction of an extended client', async () => {
    const before = await count()
    const extended = prisma.$extends({
      client: { $greet: () => 'hello' },
      query: { $allOperations: ({ args, query }) => query(args) },
    })
    const store = prismaStore(extended)
    await extended.$transaction(async (tx) => {
      await createOutbox({ store }).publish(tx, orders, { id: tx.$greet() })
    })
    expect(await store.transaction(bounds, async (tx) => tx.$greet())).toBe('hello')
    expect((await count()) - before).toBe(1)
  })
})

describe('the client itself', () => {
  it('is asked for transactions and nothing else: an extension may send its queries to a replica', async () => {
    const used = new Set<PropertyKey>()
    const watch = (client: PrismaClient): PrismaClient =>
      new Proxy(client, {
        get(target, property) {
          used.add(property)
          if (property === '$extends') return (extension: never) => watch(target.$extends(extension) as never)
          const value: unknown = Reflect.get(target, property)
          return typeof value === 'function' ? value.bind(target) : value
        },
      })
    const store = prismaStore(watch(prisma))
    await store.checkSchema()
    await store.readPositions('inbox', [{ topic: 'orders', partition: 0 }])
    await store.transaction(bounds, (tx) => store.insertMessages(tx, []))
    expect([...used].toSorted()).toEqual(['$extends', '$transaction'])
  })
})

describe('a database that cannot be used', () => {
  const checkSchema = (url: string, schema = 'pigeonhole') =>
    prismaStore(clientOf(url), { schema }).checkSchema()
  const change = (edit: (url: URL) => void): string => {
    const url = new URL(database.url)
    edit(url)
    return url.href
  }

  it('because it is not there', async () => {
    await expectCode(checkSchema('postgres://nobody@nowhere.invalid/x'), 'STORE_UNAVAILABLE')
    const noDatabase = change((url) => {
      url.pathname = '/nowhere'
    })
    await expectCode(checkSchema(noDatabase), 'STORE_UNAVAILABLE')
  })

  it('because it has not the tables', async () => {
    await expectCode(checkSchema(database.url, 'elsewhere'), 'SCHEMA_MISSING')
  })

  it('because it denies access', async () => {
    const role = `role_${randomUUID().slice(0, 8)}`
    await database.pool.query(`CREATE ROLE ${role} NOLOGIN`)
    const noLogin = change((url) => {
      url.username = role
    })
    await expectCode(checkSchema(noLogin), 'STORE_ACCESS_DENIED')
    await database.pool.query(`ALTER ROLE ${role} LOGIN PASSWORD 'secret'`)
    const noGrant = change((url) => {
      url.username = role
      url.password = 'secret'
    })
    await expectCode(checkSchema(noGrant), 'STORE_ACCESS_DENIED')
    await database.pool.query(`DROP ROLE ${role}`)
  })

  it('because the session is read-only', async () => {
    const store = prismaStore(prisma)
    const publishing = prisma.$transaction(async (tx) => {
      await tx.$executeRaw`SET TRANSACTION READ ONLY`
      await createOutbox({ store }).publish(tx, orders, { id: 'refused' })
    })
    await expectCode(publishing, 'STORE_STANDBY')
  })
})

// Prisma 7.10 gives undefined for a statement that follows a failed one while both are under way, and takes the ROLLBACK
// that PostgreSQL makes of a COMMIT for a commit.
describe('a handler that leaves a statement running', () => {
  const taken = { data: { id: 'a', orderId: 'x', cents: 1 } }
  const forget = (statement: PromiseLike<unknown>): void => {
    statement.then(
      () => undefined,
      () => undefined,
    )
  }
  type Leave = (tx: Tx) => Promise<void> | void
  const leaves: readonly (readonly [string, Leave, 'handled' | 'HANDLER_SWALLOWED_ERROR'])[] = [
    ['of a model, which fails', (tx) => forget(tx.invoice.create(taken)), 'HANDLER_SWALLOWED_ERROR'],
    ['of several rows, which fails', (tx) => forget(tx.invoice.createMany(taken)), 'HANDLER_SWALLOWED_ERROR'],
    ['in SQL, which fails', (tx) => forget(tx.$executeRaw`SELECT 1 / 0`), 'HANDLER_SWALLOWED_ERROR'],
    [
      'that begins after it has ended',
      (tx) => void setImmediate(() => forget(tx.invoice.create(taken))),
      'handled',
    ],
    [
      'that begins after another one',
      (tx) => forget(tx.invoice.findMany().then(() => tx.invoice.create(taken))),
      'handled',
    ],
    [
      'that succeeds',
      (tx) => forget(tx.invoice.update({ where: { id: 'b' }, data: { cents: 2 } })),
      'handled',
    ],
  ]

  it.each(leaves)(
    '%s: it counts as handled if, and only if, it has committed',
    async (name, leave, expected) => {
      const store = prismaStore(prisma)
      const inbox = createInbox({ store, outbox: createOutbox({ store }), name: name.replaceAll(/\W/g, '-') })
      for (let offset = 0n; offset < 10n; offset++) {
        const id = `${name} ${offset}`
        const binding = on(orders, async ({ tx, publish }: { tx: Tx; publish: PublishOrder }) => {
          await tx.invoice.create({ data: { id, orderId: id, cents: 1 } })
          await publish(orders, { id }, { key: id })
          await leave(tx)
        })
        const delivery = {
          topic: 'orders',
          partition: 0,
          offset,
          key: null,
          headers: [],
          value: Buffer.from('{}'),
        }
        const outcome = await inbox.handle(delivery, binding).then(
          ({ status }) => status,
          ({ code }: { code: string }) => code,
        )
        const committed = (await prisma.invoice.findUnique({ where: { id } })) !== null
        expect({ outcome, committed }).toEqual({ outcome: expected, committed: expected === 'handled' })
        const [position] = await inbox.readPositions([{ topic: 'orders', partition: 0 }])
        expect(position?.nextOffset).toBe(committed ? offset + 1n : undefined)
      }
    },
  )

  it('is told so when what it awaits comes after that', async () => {
    const store = prismaStore(prisma)
    const publishing = inTransaction(async (tx) => {
      forget(tx.invoice.create(taken))
      await createOutbox({ store }).publish(tx, orders, { id: 'c' })
    })
    await expect(publishing).rejects.toThrow('has failed')
  })
})
