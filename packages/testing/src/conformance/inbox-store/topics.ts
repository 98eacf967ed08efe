import { describe, expect, it } from 'vitest'
import type { StoreScene } from '../store-scene.js'
import type { OpenStore } from '../store-subject.js'

/** Which topic an inbox's positions are offsets of. */
export function describeTopics<Tx>(scene: StoreScene<Tx>): void {
  describe('a topic', () => {
    const receive = async (opened: OpenStore<Tx>, inbox: string, topic: string): Promise<void> => {
      const { tx, commit } = await opened.begin()
      const range = { topic, partition: 3, first: 0n, last: 0n }
      await opened.store.receiveMessages(tx, inbox, { topic, range, messages: [] })
      await commit()
    }

    it('is remembered by its id, for each inbox and name', async () => {
      const { store } = await scene.open()
      expect(await store.bindTopic('a', 'orders', 'one')).toEqual({ topicId: 'one', fromStart: false })
      expect(await store.bindTopic('b', 'orders', 'two')).toEqual({ topicId: 'two', fromStart: false })
      expect(await store.bindTopic('a', 'invoices', 'three')).toEqual({ topicId: 'three', fromStart: false })
      expect(await store.bindTopic('a', 'orders', 'one')).toEqual({ topicId: 'one', fromStart: false })
    })

    it('does not change while the inbox has a position in it', async () => {
      const opened = await scene.open()
      const { store } = opened
      await store.bindTopic('a', 'orders', 'one')
      await receive(opened, 'a', 'orders')
      expect(await store.bindTopic('a', 'orders', 'two')).toEqual({ topicId: 'one', fromStart: false })
    })

    it('is read from its start once it has taken the place of another one', async () => {
      const opened = await scene.open()
      const { store } = opened
      await store.bindTopic('a', 'orders', 'one')
      // Positions of others are in no way.
      await receive(opened, 'b', 'orders')
      await receive(opened, 'a', 'invoices')
      expect(await store.bindTopic('a', 'orders', 'two')).toEqual({ topicId: 'two', fromStart: true })
      await receive(opened, 'a', 'orders')
      expect(await store.bindTopic('a', 'orders', 'two')).toEqual({ topicId: 'two', fromStart: true })
      expect(await store.bindTopic('a', 'orders', 'three')).toEqual({ topicId: 'two', fromStart: true })
    })
  })
}
