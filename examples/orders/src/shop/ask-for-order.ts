import { idempotentFetch } from 'pigeonhole/http'
import { answerOf, type Checkout, type OrderAnswer, orderOf } from './checkout.js'

// A customer waits: often, and for as long as a service needs to come back.
const patience = { attempts: 1_000, attemptTimeoutMs: 1_000, backoff: { initialMs: 100, maxMs: 1_000 } }

/** Asks for a checkout's order, and asks again until it knows what has become of it. */
export async function askForOrder(url: string, checkout: Checkout): Promise<OrderAnswer> {
  // #region ask
  const order = { method: 'POST', body: JSON.stringify(orderOf(checkout)) }
  // The id was stored with the checkout: whoever goes on with it, after a crash as well, asks under the same key.
  const answer = await idempotentFetch(url, order, { key: checkout.id, ...patience })
  // #endregion
  return answerOf(answer)
}
