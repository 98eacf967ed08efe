import { setTimeout as pause } from 'node:timers/promises'
import type { PlaceOrder } from '../../orders/place-order.js'
import { customers, products, soldOut } from '../catalogue.js'
import { between, pick, randomFrom } from '../random.js'
import type { Player } from './part.js'

/** Places one order after another until the conductor has enough. Some ask for what is sold out, and are rolled back. */
export async function placeOrders(player: Player, placeOrder: PlaceOrder): Promise<void> {
  const { name, plan, life } = player.part
  const random = randomFrom(plan.seed, `${name} ${life}`)
  for (let order = 1; !player.finishing.aborted; order++) {
    const productId = order % plan.rollBackEvery === 0 ? soldOut : pick(random, products)
    const wanted = { customerId: pick(random, customers), productId, quantity: between(random, 1, 3) }
    await placeOrder(wanted).catch((error: unknown) => {
      if (productId !== soldOut) throw error
      player.report({ says: 'rolled back' })
    })
    await pause(plan.orderPaceMs)
  }
  player.report({ says: 'done' })
}
