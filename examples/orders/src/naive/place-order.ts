import type { Producer } from 'kafkajs'
import type { PrismaClient } from '../generated/orders/client.js'
import type { PlaceOrder } from '../orders/place-order.js'
import { type OrderPlaced, orders } from '../topics.js'

/** The usual way: write, then send. Who dies in between has an order that nobody hears of. */
export function orderPlacing(prisma: PrismaClient, producer: Pick<Producer, 'send'>): PlaceOrder {
  return async ({ customerId, productId, quantity }) => {
    const event = await prisma.$transaction(async (tx): Promise<OrderPlaced> => {
      const customer = await tx.customer.update({
        where: { id: customerId },
        data: { orderCount: { increment: 1 } },
      })
      const product = await tx.product.findUniqueOrThrow({ where: { id: productId } })
      const totalCents = product.priceCents * quantity
      const order = await tx.order.create({
        data: { customerId, number: customer.orderCount, productId, quantity, totalCents },
      })
      await tx.product.update({ where: { id: productId }, data: { stock: { decrement: quantity } } })
      return { type: 'OrderPlaced', orderId: order.id, customerId, totalCents }
    })
    await producer.send({ topic: orders.name, messages: [{ key: customerId, value: JSON.stringify(event) }] })
    return event.orderId
  }
}
