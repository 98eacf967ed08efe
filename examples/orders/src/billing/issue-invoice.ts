import type { Prisma } from '../generated/billing/client.js'
import type { InvoiceIssued, OrderPlaced, Refund } from '../topics.js'

/** Writes the invoice for an order or a refund, and its amount to the customer's account. Resolves to what is to be told. */
export async function issueInvoice(
  tx: Prisma.TransactionClient,
  event: OrderPlaced | Refund,
): Promise<InvoiceIssued> {
  const { customerId } = event
  const [reference, amountCents] =
    event.type === 'Refund' ? [event.refundId, -event.amountCents] : [event.orderId, event.totalCents]
  // The account's row is locked first, so that what is told of one customer leaves in the order of the numbers.
  const { invoiceCount: number } = await tx.account.upsert({
    where: { customerId },
    create: { customerId, invoiceCount: 1, balanceCents: amountCents },
    update: { invoiceCount: { increment: 1 }, balanceCents: { increment: amountCents } },
  })
  const invoice = await tx.invoice.create({ data: { customerId, number, reference, amountCents } })
  return { type: 'InvoiceIssued', invoiceId: String(invoice.id), customerId, amountCents }
}
