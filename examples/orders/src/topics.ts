import { topic } from 'pigeonhole'
import { z } from 'zod'
import { prefix } from './settings.js'

const OrderPlaced = z.object({
  type: z.literal('OrderPlaced'),
  orderId: z.uuid(),
  customerId: z.string(),
  totalCents: z.int(),
})

const Refund = z.object({
  type: z.literal('Refund'),
  refundId: z.uuid(),
  customerId: z.string(),
  amountCents: z.int().positive(),
})

const InvoiceIssued = z.object({
  type: z.literal('InvoiceIssued'),
  invoiceId: z.string(),
  customerId: z.string(),
  amountCents: z.int(),
})

export type OrderPlaced = z.infer<typeof OrderPlaced>
export type Refund = z.infer<typeof Refund>
export type InvoiceIssued = z.infer<typeof InvoiceIssued>

/** What the order service tells. The orders of one customer keep their order. */
export const orders = topic(`${prefix}orders`, { schema: OrderPlaced, key: (event) => event.customerId })

/** What the payment provider tells. It is not ours: it has no outbox, and when in doubt it sends again. */
export const refunds = topic(`${prefix}refunds`, { schema: Refund, key: (event) => event.customerId })

/** What billing tells. */
export const invoices = topic(`${prefix}invoices`, {
  schema: InvoiceIssued,
  key: (event) => event.customerId,
})
