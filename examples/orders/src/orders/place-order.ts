import type { Outbox } from 'pigeonhole'
import type { Prisma } from '../generated/orders/client.js'
import { orders } from '../topics.js'

/** What a customer wants. */
export interface NewOrder {
  /** What the customer calls it. Who wants the same twice may call both the same. */
  readonly reference: string
  readonly customerId: string
  readonly productId: string
  readonly quantity: number
}

/** An order that cannot be placed, however often it is asked for. */
export class OrderRefused extends Error {}

type Tx = Prisma.TransactionClient

// #region publish
/** Places an order whose event is sent if, and only if, its transaction commits. Resolves to the order's id. */
export async function placeOrder(tx: Tx, outbox: Outbox<Tx>, wanted: NewOrder): Promise<string> {
  const { reference, customerId, productId, quantity } = wanted
  // The customer's row is locked first, so that the events of one customer leave in the order of the numbers.
  const [customer] = await tx.customer.updateManyAndReturn({
    where: { id: customerId },
    data: { orderCount: { increment: 1 } },
  })
  const product = await tx.product.findUnique({ where: { id: productId } })
  if (!customer || !product) throw new OrderRefused('No such customer or product')
  const totalCents = product.priceCents * quantity
  const order = await tx.order.create({
    data: { reference, customerId, number: customer.orderCount, productId, quantity, totalCents },
  })
  await outbox.publish(tx, orders, { type: 'OrderPlaced', orderId: order.id, customerId, totalCents })
  const left = await tx.product.updateMany({
    where: { id: productId, stock: { gte: quantity } },
    data: { stock: { decrement: quantity } },
  })
  // The transaction is rolled back: the order is gone, and its event with it.
  if (left.count === 0) throw new OrderRefused('Not enough in stock')
  return order.id
}
// #endregion
