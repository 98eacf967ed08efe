import { createInbox, createOutbox, type Outbox, on, topic } from '@pigeonhole/core'
import { postgresStore } from '@pigeonhole/postgres'
import { type PrismaStore, prismaStore, type TransactionOf } from '@pigeonhole/prisma'
import type pg from 'pg'
import { expectTypeOf } from 'vitest'
import type { Prisma, PrismaClient } from './fixture/generated/client.js'

declare const prisma: PrismaClient
const orders = topic<{ readonly id: string }>('orders')

// A plain client: its own transactions, and whatever passes for one.
const outbox = createOutbox({ store: prismaStore(prisma) })
void prisma.$transaction(async (tx) => {
  await outbox.publish(tx, orders, { id: '1' })
  await tx.$transaction(async (nested) => outbox.publish(nested, orders, { id: '1' }))
})
declare const passedOn: Prisma.TransactionClient
void outbox.publish(passedOn, orders, { id: '1' })
// @ts-expect-error the client is no transaction
void outbox.publish(prisma, orders, { id: '1' })
// @ts-expect-error something of another shape is none
void outbox.publish({}, orders, { id: '1' })
// @ts-expect-error a value of another type
void outbox.publish(passedOn, orders, { id: 1 })

// A handler's tx is the client's own, and goes where a transaction of Prisma's is asked for.
declare function saveInvoice(tx: Prisma.TransactionClient): Promise<void>
const inbox = createInbox({ store: prismaStore(prisma), outbox, name: 'billing' })
const delivery = { topic: 'orders', key: null, value: null, headers: [] }
void inbox.handle(
  delivery,
  on(orders, async ({ tx, message }) => {
    expectTypeOf(message.value.id).toBeString()
    expectTypeOf(tx.invoice.create).toEqualTypeOf<Prisma.TransactionClient['invoice']['create']>()
    await tx.invoice.create({ data: { id: '1', orderId: '1', cents: 1 } })
    // @ts-expect-error a misspelt column
    await tx.invoice.create({ data: { id: '1', orderID: '1', cents: 1 } })
    await saveInvoice(tx)
    await outbox.publish(tx, orders, { id: '1' })
  }),
)

// An extended client: the types follow it.
const extended = prisma.$extends({
  client: { $greet: (name: string) => `hello ${name}` },
  model: { invoice: { totalOf: async (orderId: string) => orderId.length } },
  result: { invoice: { euros: { needs: { cents: true }, compute: ({ cents }) => cents / 100 } } },
})
const extendedStore = prismaStore(extended)
const extendedOutbox = createOutbox({ store: extendedStore })
void extended.$transaction((tx) => extendedOutbox.publish(tx, orders, { id: '1' }))
// @ts-expect-error an extended client is no transaction either
void extendedOutbox.publish(extended, orders, { id: '1' })
void extendedStore.transaction({ timeoutMs: 1 }, async (tx) => {
  expectTypeOf(tx.$greet('you')).toBeString()
  expectTypeOf(await tx.invoice.totalOf('1')).toBeNumber()
  expectTypeOf((await tx.invoice.findFirstOrThrow()).euros).toBeNumber()
  await extendedOutbox.publish(tx, orders, { id: '1' })
  // @ts-expect-error a transaction cannot be connected
  await tx.$connect()
})

// The client's type is the only generic.
expectTypeOf(prismaStore(prisma)).toEqualTypeOf<PrismaStore<TransactionOf<PrismaClient>>>()
expectTypeOf(outbox).toEqualTypeOf<Outbox<TransactionOf<PrismaClient>>>()
// @ts-expect-error a relay has a store of its own
void prismaStore(prisma).guarded
// @ts-expect-error what cannot open a transaction is no client
void prismaStore({ $queryRaw: () => undefined })
// @ts-expect-error a misspelt option
void prismaStore(prisma, { shema: 'x' })

// node-postgres: a client, and not the pool.
declare const pool: pg.Pool
const pgOutbox = createOutbox({ store: postgresStore(pool) })
void pool.connect().then((client) => pgOutbox.publish(client, orders, { id: '1' }))
// @ts-expect-error a pool is no transaction
void pgOutbox.publish(pool, orders, { id: '1' })
