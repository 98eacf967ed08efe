import { createOutbox } from 'pigeonhole'
import { prismaStore } from 'pigeonhole/prisma'
import type { PrismaClient } from '../generated/orders/client.js'
import { orders } from '../topics.js'

/** What a customer wants. */
export interface NewOrder {
  readonly customerId: string
  readonly productId: string
  readonly quantity: number
}

/** Places an order and resolves to its id. Rejects, and leaves nothing behind, when the stock does not suffice. */
export type PlaceOrder = (order: NewOrder) => Promise<string>

/** Places orders whose events are sent if, and only if, their transaction commits. */
export function orderPlacing(prisma: PrismaClient): PlaceOrder {
  // #region publish
  const outbox = createOutbox({ store: prismaStore(prisma) })

  return ({ customerId, productId, quantity }) =>
    prisma.$transaction(async (tx) => {
      // The customer's row is locked first, so that the events of one customer leave in the order of the numbers.
      const customer = await tx.customer.update({
        where: { id: customerId },
        data: { orderCount: { increment: 1 } },
      })
      const product = await tx.product.findUniqueOrThrow({ where: { id: productId } })
      const totalCents = product.priceCents * quantity
      const order = await tx.order.create({
        data: { customerId, number: customer.orderCount, productId, quantity, totalCents },
      })
      await outbox.publish(tx, orders, { type: 'OrderPlaced', orderId: order.id, customerId, totalCents })
      // Refused when the stock does not suffice: then the order is gone, and its event with it.
      await tx.product.update({ where: { id: productId }, data: { stock: { decrement: quantity } } })
      return order.id
    })
  // #endregion
}
