import { createInbox, createOutbox, on, onBatch, topic } from '@pigeonhole/core'
import { beforeEach, describe, expect, it } from 'vitest'
import type { MemoryTransaction } from '../memory/memory-transaction.js'
import { createTestKit } from './test-kit.js'

interface Order {
  readonly orderId: string
  readonly cents: number
}

const orders = topic<Order>('orders', { key: ({ orderId }) => orderId })
const invoices = topic<{ readonly invoiceOf: string }>('invoices', { key: ({ invoiceOf }) => invoiceOf })

// #region client
/** An application's own client, as far as its handlers use it. */
interface Client {
  readonly invoice: { create(args: { readonly data: Order }): Promise<void> }
}

function fakeClients(saved: Order[]): (transaction: MemoryTransaction) => Client {
  return (transaction) => ({
    invoice: { create: async ({ data }) => transaction.onCommit(() => saved.push(data)) },
  })
}
// #endregion

function open() {
  const saved: Order[] = []
  // #region kit
  const kit = createTestKit({ client: fakeClients(saved) })
  const outbox = createOutbox({ store: kit.store })
  const inbox = createInbox({ store: kit.store, outbox, name: 'billing' })
  const consumer = kit.consumer(inbox, [
    on(orders, async ({ message, tx, publish }) => {
      await tx.invoice.create({ data: message.value })
      await publish(invoices, { invoiceOf: message.value.orderId })
      if (message.value.cents < 0) throw new Error('negative')
    }),
  ])
  // #endregion
  return { kit, outbox, inbox, consumer, saved }
}

const first = { orderId: '1', cents: 100 }
const second = { orderId: '2', cents: 200 }

describe('createTestKit', () => {
  let scene: ReturnType<typeof open>
  beforeEach(() => {
    scene = open()
  })

  it('relays what a transaction has published and committed, and nothing of one that failed', async () => {
    const { kit, outbox } = scene
    await kit.transaction(async (tx) => void (await outbox.publish(tx, orders, first)))
    const failing = kit.transaction(async (tx) => {
      await outbox.publish(tx, orders, second)
      throw new Error('refused')
    })
    await expect(failing).rejects.toThrow('refused')
    expect(await kit.published(orders)).toEqual([first])
  })

  it('handles what is in the log, with what the handler writes and publishes', async () => {
    const { kit, consumer, saved } = scene
    await kit.send(orders, first)
    await kit.send(orders, second)
    expect(await consumer.consume()).toEqual([{ status: 'handled' }, { status: 'handled' }])
    expect(saved).toEqual([first, second])
    expect(await kit.published(invoices)).toEqual([{ invoiceOf: '1' }, { invoiceOf: '2' }])
    expect(await consumer.consume()).toEqual([])
  })

  it('lets a message take effect once that is delivered again, or was sent twice', async () => {
    const { kit, consumer, saved } = scene
    // #region twice
    const record = await kit.send(orders, first, { id: 'm-1' })
    await kit.send(orders, first, { id: 'm-1' })
    expect(await consumer.consume()).toEqual([{ status: 'handled' }, { status: 'duplicate', by: 'id' }])
    expect(await consumer.deliver(record)).toEqual({ status: 'duplicate', by: 'position' })
    consumer.rewind()
    expect((await consumer.consume()).map(({ status }) => status)).toEqual(['duplicate', 'duplicate'])
    expect(saved).toEqual([first])
    // #endregion
  })

  it('delivers out of order: what an inbox has passed by its position is handled no more', async () => {
    const { kit, consumer, saved } = scene
    const [one, two] = [await kit.send(orders, first), await kit.send(orders, second)]
    expect(await consumer.deliver(two)).toEqual({ status: 'handled' })
    expect(await consumer.deliver(one)).toEqual({ status: 'duplicate', by: 'position' })
    expect(saved).toEqual([second])
  })

  it.each([
    ['before commit', 0, 'handled'],
    ['after commit', 1, 'duplicate'],
  ] as const)('dies %s and is started again', async (point, effects, afterwards) => {
    const { kit, consumer, saved } = scene
    // #region crash
    await kit.send(orders, first)
    await consumer.crashAt(point)
    expect(saved).toHaveLength(effects)
    expect((await consumer.consume()).map(({ status }) => status)).toEqual([afterwards])
    expect(saved).toEqual([first])
    expect(await kit.published(invoices)).toEqual([{ invoiceOf: '1' }])
    // #endregion
  })

  it('says so when there was nothing to die of', async () => {
    await expect(scene.consumer.crashAt('after commit')).rejects.toThrow('No message')
  })

  it('stands in front of a message whose handler fails, and rolls back what it did', async () => {
    const { kit, consumer, saved } = scene
    await kit.send(orders, { orderId: '1', cents: -1 })
    await expect(consumer.consume()).rejects.toThrow('negative')
    await expect(consumer.consume()).rejects.toThrow('negative')
    expect([saved, await kit.published(invoices)]).toEqual([[], []])
  })

  it('refuses to publish outside of a transaction', async () => {
    const { outbox } = scene
    const client = {} as Client
    await expect(outbox.publish(client, orders, first)).rejects.toMatchObject({ code: 'OUTSIDE_TRANSACTION' })
  })

  it('hands several messages to a batch handler, and sends where it is told to', async () => {
    const kit = createTestKit()
    const inbox = createInbox({ store: kit.store, name: 'billing' })
    const seen: string[][] = []
    const consumer = kit.consumer(inbox, [
      onBatch(orders, ({ messages }) => void seen.push(messages.map(({ value }) => value.orderId))),
    ])
    for (const orderId of ['a', 'b']) await kit.send(orders, { orderId, cents: 1 }, { partition: 1 })
    await kit.send(orders, { orderId: 'c', cents: 1 }, { partition: 0, id: null, headers: { source: 'x' } })
    await consumer.consume()
    expect(seen).toEqual([['c'], ['a', 'b']])
  })
})
