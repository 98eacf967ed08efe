// An order service of the Pigeonhole run.
import { openOrdersDatabase } from '../../orders/database.js'
import { ordersApi } from '../../orders/orders-api.js'
import { required } from '../../settings.js'
import { serveOrders } from './order-server.js'
import { takePart } from './part.js'

const player = takePart()
const { app } = ordersApi(openOrdersDatabase(required('ORDERS_DATABASE_URL')))

await serveOrders(player, async (request) => {
  const response = await app.fetch(request)
  const isNew = response.status === 201 && !response.headers.has('idempotency-replayed')
  if (isNew) await player.reach('order committed')
  return response
})
process.exit()
