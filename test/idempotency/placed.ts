import { type Topic, topic } from '@pigeonhole/core'

/** What an order tells. */
export interface OrderPlaced {
  readonly id: string
}

/** Tells of orders. */
export const placed: Topic<OrderPlaced, OrderPlaced> = topic<OrderPlaced>('orders', { key: ({ id }) => id })
