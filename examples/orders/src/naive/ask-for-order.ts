import { setTimeout as pause } from 'node:timers/promises'
import { answerOf, type Checkout, type OrderAnswer, orderOf } from '../shop/checkout.js'

/** The usual way: ask again until there is an answer. Who asks again for what was done gets it done again. */
export async function askForOrder(url: string, checkout: Checkout): Promise<OrderAnswer> {
  const body = JSON.stringify(orderOf(checkout))
  for (;;) {
    try {
      const response = await fetch(url, { method: 'POST', body, signal: AbortSignal.timeout(1_000) })
      if (response.status < 500) return await answerOf(response)
    } catch {
      // No answer: the service may have been away, or slow.
    }
    await pause(200)
  }
}
