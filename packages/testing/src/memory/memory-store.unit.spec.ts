import { createOutbox, topic } from '@pigeonhole/core'
import { describe, expect, it } from 'vitest'
import { testIdempotencyStore } from '../conformance/idempotency-store.js'
import { testInboxStore } from '../conformance/inbox-store.js'
import { testMonitorStore } from '../conformance/monitor-store.js'
import { testOutboxStore } from '../conformance/outbox-store.js'
import { testRelayStore } from '../conformance/relay-store.js'
import type { StoreSubject } from '../conformance/store-subject.js'
import { memoryStore } from './memory-store.js'
import type { MemoryTransaction } from './memory-transaction.js'

const subject: StoreSubject<MemoryTransaction> = {
  name: 'memoryStore',
  supports: { relay: true },
  async open() {
    const store = memoryStore()
    const outside = store.begin()
    await outside.rollback()
    return {
      store,
      outside,
      async begin() {
        const tx = store.begin()
        return { tx, commit: () => tx.commit(), rollback: () => tx.rollback() }
      },
      failStatement: async (tx) => tx.fail(),
      readMessages: async () => store.messages,
      close: async () => undefined,
    }
  },
}

testOutboxStore(subject)
testInboxStore(subject)
testIdempotencyStore(subject)
testRelayStore(subject)
testMonitorStore(subject)

describe('memoryStore in a test of an application', () => {
  const orders = topic<{ readonly id: string }>('orders', { key: ({ id }) => id })

  it('has what was published in a transaction, and what the test did with it', async () => {
    const store = memoryStore()
    const outbox = createOutbox({ store })
    const saved: string[] = []
    await store.transaction(async (tx) => {
      tx.onCommit(() => saved.push('order-1'))
      await outbox.publish(tx, orders, { id: 'order-1' })
      expect(saved).toEqual([])
      expect(store.messages).toEqual([])
    })
    expect(saved).toEqual(['order-1'])
    expect(store.messages).toMatchObject([{ topic: 'orders', seq: '1' }])
  })

  it('has nothing of a transaction that failed', async () => {
    const store = memoryStore()
    const outbox = createOutbox({ store })
    const saved: string[] = []
    const failure = store.transaction(async (tx) => {
      tx.onCommit(() => saved.push('order-1'))
      await outbox.publish(tx, orders, { id: 'order-1' })
      throw new Error('payment refused')
    })
    await expect(failure).rejects.toThrow('payment refused')
    expect([saved, store.messages]).toEqual([[], []])
  })

  it('does not commit a transaction in which something failed, and takes nothing after its end', async () => {
    const store = memoryStore()
    const failed = store.begin()
    failed.fail()
    expect(() => failed.onCommit(() => undefined)).toThrow('has failed')
    await expect(failed.commit()).rejects.toThrow('has ended')
    const ended = store.begin()
    await ended.commit()
    expect(() => ended.onCommit(() => undefined)).toThrow('has ended')
  })

  it('lets nothing of a transaction that has ended hold up another one', async () => {
    const store = memoryStore()
    const range = { topic: 'orders', partition: 0, first: 1n, last: 1n }
    const messages = { topic: 'orders', range, messages: [{ id: { scope: 'orders', id: 'id' }, key: null }] }
    const ended = store.begin()
    await ended.commit()
    await expect(store.receiveMessages(ended, 'inbox', messages)).rejects.toThrow('has ended')
    await store.transaction(async (tx) => {
      expect(await store.receiveMessages(tx, 'inbox', messages)).toEqual(['new'])
    })
  })
})
