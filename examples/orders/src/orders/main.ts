// The order service: POST /orders with { "reference", "customerId", "productId", "quantity" }, and an Idempotency-Key.
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { serve } from '@hono/node-server'
import { required } from '../settings.js'
import { openOrdersDatabase } from './database.js'
import { ordersApi } from './orders-api.js'

const prisma = openOrdersDatabase(required('ORDERS_DATABASE_URL'))
const { app, idempotency } = ordersApi(prisma)

const server = serve({ fetch: app.fetch, port: Number(process.env['PORT'] ?? 3000) })
await once(server, 'listening')
console.log(`orders: http://localhost:${(server.address() as AddressInfo).port}/orders`)

const forgetting = setInterval(() => {
  idempotency.forgetExpired().catch((error: unknown) => console.error('orders: no key is forgotten:', error))
}, 300_000)

await Promise.race([once(process, 'SIGTERM'), once(process, 'SIGINT')])
clearInterval(forgetting)
server.close()
await prisma.$disconnect()
