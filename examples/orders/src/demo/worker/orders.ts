// An order service of the Pigeonhole run.

import { openOrdersDatabase } from '../../orders/database.js'
import { orderPlacing } from '../../orders/place-order.js'
import { required } from '../../settings.js'
import { placeOrders } from './order-traffic.js'
import { takePart } from './part.js'

const player = takePart()
const prisma = openOrdersDatabase(required('ORDERS_DATABASE_URL'))
const placeOrder = orderPlacing(prisma)

player.report({ says: 'ready' })
await placeOrders(player, async (order) => {
  const id = await placeOrder(order)
  await player.reach('order committed')
  return id
})
await player.stopped
process.exit()
