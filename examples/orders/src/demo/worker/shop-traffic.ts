import { randomUUID } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import { required } from '../../settings.js'
import type { Checkout, OrderAnswer } from '../../shop/checkout.js'
import { customers, products, soldOut } from '../catalogue.js'
import { between, pick, type Random, randomFrom } from '../random.js'
import { openBooks } from '../shop-books.js'
import { doubleClicker } from './now-and-then.js'
import type { Player } from './part.js'

/** How a shop asks for an order until it has an answer. */
export type AskForOrder = (url: string, checkout: Checkout) => Promise<OrderAnswer>

/**
 * Turns one checkout after another into an order until the conductor has enough. A shop that was killed begins with those
 * that it had no answer to.
 */
export async function keepShop(player: Player, ask: AskForOrder): Promise<void> {
  const { name, plan, life } = player.part
  const random = randomFrom(plan.seed, `${name} ${life}`)
  const isClickedTwice = doubleClicker(player)
  const books = await openBooks(required('SHOP_DATABASE_URL'))
  const url = required('ORDERS_URL')
  const buy = async (checkout: Checkout, clicks: number): Promise<void> => {
    const asked = Array.from({ length: clicks }, () => ask(url, checkout))
    const answers = await Promise.all(asked)
    await player.reach('answered')
    for (const answer of answers) await books.writeAnswer(checkout, answer)
    if (answers.some(({ status }) => status === 409)) player.report({ says: 'rolled back' })
  }
  player.report({ says: 'ready' })
  for (const checkout of await books.unanswered(name)) await buy(checkout, 1)
  for (let count = 1; !player.finishing.aborted; count++) {
    const checkout = fillCart(random, count % plan.rollBackEvery === 0)
    await books.writeCheckout(name, checkout)
    await buy(checkout, isClickedTwice() ? 2 : 1)
    await pause(plan.orderPaceMs)
  }
  player.report({ says: 'done' })
  await player.stopped
}

function fillCart(random: Random, isSoldOut: boolean): Checkout {
  const productId = isSoldOut ? soldOut : pick(random, products)
  return { id: randomUUID(), customerId: pick(random, customers), productId, quantity: between(random, 1, 3) }
}
