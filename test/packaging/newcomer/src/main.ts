// Places an order, and says when it is billed.
import { setTimeout as pause } from 'node:timers/promises'
import { billing } from './billing.js'
import { prisma } from './database.js'
import { placeOrder } from './place-order.js'

await placeOrder('order-1')
while ((await prisma.invoice.count()) === 0) await pause(50)
console.log(
  'billed',
  (await prisma.invoice.findMany()).map(({ orderId }) => orderId),
)
await billing.stop()
await prisma.$disconnect()
