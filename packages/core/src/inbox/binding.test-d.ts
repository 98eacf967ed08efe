import { expectTypeOf } from 'vitest'
import { topic } from '../message/topic.js'
import type { Outbox } from '../outbox/outbox.js'
import { type Binding, on } from './binding.js'

interface Tx {
  readonly invoice: { create(data: object): Promise<void> }
}
type OrderEvent = { readonly type: 'OrderPlaced'; readonly orderId: string }

const orders = topic<OrderEvent>('orders', { key: (event) => event.orderId })

declare function run(options: { readonly handlers: readonly Binding<Tx>[] }): void

run({
  handlers: [
    on(orders, async ({ message, tx }) => {
      expectTypeOf(message.value).toEqualTypeOf<OrderEvent>()
      expectTypeOf(tx).toEqualTypeOf<Tx>()
    }),
  ],
})

declare const outbox: Outbox<Tx>
declare const tx: Tx
void outbox.publish(tx, orders, { type: 'OrderPlaced', orderId: '1' })
// @ts-expect-error a value of another type
void outbox.publish(tx, orders, { type: 'OrderGone', orderId: '1' })
// @ts-expect-error a misspelt property
void outbox.publish(tx, orders, { type: 'OrderPlaced', orderID: '1' })
// @ts-expect-error something that is no transaction
void outbox.publish({}, orders, { type: 'OrderPlaced', orderId: '1' })
