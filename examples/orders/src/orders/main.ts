// The order service: POST /orders with { "customerId", "productId", "quantity" }.
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { json } from 'node:stream/consumers'
import { z } from 'zod'
import { required } from '../settings.js'
import { openOrdersDatabase } from './database.js'
import { orderPlacing } from './place-order.js'

const NewOrder = z.object({ customerId: z.string(), productId: z.string(), quantity: z.int().positive() })

const prisma = openOrdersDatabase(required('ORDERS_DATABASE_URL'))
const placeOrder = orderPlacing(prisma)

const server = createServer(async (request, response) => {
  const answer = (status: number, body: object): void => {
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
  }
  if (request.method !== 'POST' || request.url !== '/orders')
    return answer(404, { error: 'POST /orders is all there is' })
  const order = NewOrder.safeParse(await json(request).catch(() => undefined))
  if (!order.success) return answer(400, { error: z.prettifyError(order.error) })
  try {
    answer(201, { orderId: await placeOrder(order.data) })
  } catch {
    answer(409, { error: 'The order cannot be placed: no such customer or product, or not enough in stock' })
  }
})

server.listen(Number(process.env['PORT'] ?? 3000))
await once(server, 'listening')
console.log(`orders: http://localhost:${(server.address() as AddressInfo).port}/orders`)

await Promise.race([once(process, 'SIGTERM'), once(process, 'SIGINT')])
server.close()
await prisma.$disconnect()
