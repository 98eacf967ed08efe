import type { Producer } from 'kafkajs'
import type { PrismaClient } from '../generated/orders/client.js'
import { type NewOrder, OrderRefused } from '../orders/place-order.js'
import { type OrderPlaced, orders } from '../topics.js'

/** The usual way: write, then send. Who dies in between has an order that nobody hears of. */
export function orderPlacing(
  prisma: PrismaClient,
  producer: Pick<Producer, 'send'>,
): (order: NewOrder) => Promise<string> {
  return async ({ reference, customerId, productId, quantity }) => {
    const event = await prisma.$transaction(async (tx): Promise<OrderPlaced> => {
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
      const left = await tx.product.updateMany({
        where: { id: productId, stock: { gte: quantity } },
        data: { stock: { decrement: quantity } },
      })
      if (left.count === 0) throw new OrderRefused('Not enough in stock')
      return { type: 'OrderPlaced', orderId: order.id, customerId, totalCents }
    })
    await producer.send({ topic: orders.name, messages: [{ key: customerId, value: JSON.stringify(event) }] })
    return event.orderId
  }
}
