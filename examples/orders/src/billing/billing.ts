import { type Binding, createInbox, createOutbox, type Inbox } from 'pigeonhole'
import { on } from 'pigeonhole/kafkajs'
import { prismaStore } from 'pigeonhole/prisma'
import type { Prisma, PrismaClient } from '../generated/billing/client.js'
import { invoices, orders, refunds } from '../topics.js'
import { issueInvoice } from './issue-invoice.js'

type Tx = Prisma.TransactionClient

/** Where billing remembers what it has handled, in its own database. */
export function billingInbox(prisma: PrismaClient): Inbox<Tx> {
  // #region inbox
  const store = prismaStore(prisma)
  const inbox = createInbox({ store, outbox: createOutbox({ store }), name: 'billing' })
  // #endregion
  return inbox
}

/** Writes an invoice for each order and each refund, and tells of it. */
export const billingHandlers: readonly Binding<Tx>[] = [
  // #region handle
  on(orders, async ({ message, tx, publish }) => {
    const invoice = await issueInvoice(tx, message.value)
    await publish(invoices, invoice)
  }),
  // #endregion
  on(refunds, async ({ message, tx, publish }) => {
    const invoice = await issueInvoice(tx, message.value)
    await publish(invoices, invoice)
  }),
]
