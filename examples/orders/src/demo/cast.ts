import { Actor } from './actor.js'
import type { Plan, Role } from './plan.js'
import type { Stage } from './stage.js'

/** The processes of one run. */
export interface Cast {
  /** The payment provider, which is not ours: no fault is meant for it. */
  readonly provider: Actor
  /** Callers of the order services, one of each. */
  readonly shops: readonly Actor[]
  readonly orders: readonly Actor[]
  readonly billing: readonly Actor[]
  /** Relays; none in a run without Pigeonhole. In the order in which they are to lead. */
  readonly relays: readonly Actor[]
  /** Who plays each role of the plan. */
  readonly roles: Readonly<Record<Role, Actor>>
}

/** How a run moves its messages. */
export type Style = 'usual' | 'pigeonhole'

/** The cast of a run: two of each kind, and a relay for billing's own outbox. */
export function castFor(style: Style, plan: Plan, { environment, ordersUrls }: Stage): Cast {
  const actor = (name: string, worker: string, more: Record<string, string> = {}): Actor =>
    new Actor(name, { worker, plan, environment: { ...environment, ...more } })
  const naive = style === 'usual' ? 'naive-' : ''
  const [first, second] = ordersUrls.map((url) => ({ ORDERS_URL: url }))
  const orders1 = actor('orders-1', `${naive}orders`, first)
  const orders2 = actor('orders-2', `${naive}orders`, second)
  const shop1 = actor('shop-1', `${naive}shop`, first)
  const shop2 = actor('shop-2', `${naive}shop`, second)
  const billing1 = actor('billing-1', `${naive}billing`)
  const billing2 = actor('billing-2', `${naive}billing`)
  const provider = actor('provider', 'provider')
  const cast = {
    provider,
    shops: [shop1, shop2],
    orders: [orders1, orders2],
    billing: [billing1, billing2],
  }
  const services = {
    'shop 1': shop1,
    'orders 1': orders1,
    'orders 2': orders2,
    'billing 1': billing1,
    'billing 2': billing2,
  }
  if (style === 'usual') {
    return { ...cast, relays: [], roles: { ...services, 'sender 1': orders1, 'sender 2': orders2 } }
  }
  const ofOrders = { RELAY_NAME: 'orders', DATABASE_URL: environment['ORDERS_DATABASE_URL'] ?? '' }
  const ofBilling = { RELAY_NAME: 'billing', DATABASE_URL: environment['BILLING_DATABASE_URL'] ?? '' }
  const relay1 = actor('relay-1', 'relay', ofOrders)
  const relay2 = actor('relay-2', 'relay', ofOrders)
  const relays = [relay1, relay2, actor('billing-relay', 'relay', ofBilling)]
  return { ...cast, relays, roles: { ...services, 'sender 1': relay1, 'sender 2': relay2 } }
}

/** Every process of a cast. */
export function everyone({ provider, shops, orders, billing, relays }: Cast): Actor[] {
  return [provider, ...shops, ...orders, ...billing, ...relays]
}
