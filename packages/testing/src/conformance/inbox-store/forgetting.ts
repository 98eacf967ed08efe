import { describe, expect, it } from 'vitest'
import { ofIds, type StoreScene } from '../store-scene.js'
import type { OpenStore } from '../store-subject.js'

const day = 24 * 3_600_000
const at = (id: string) => ({ scope: 'orders', id })

/** How an inbox forgets ids. */
export function describeForgetting<Tx>(scene: StoreScene<Tx>): void {
  describe('ids', () => {
    const receive = async (opened: OpenStore<Tx>, inbox: string, ...ids: readonly string[]) => {
      const { tx, commit } = await opened.begin()
      const received = await opened.store.receiveMessages(tx, inbox, ofIds(ids.map(at)))
      await commit()
      return received
    }

    it('are forgotten once they are old enough, and of one inbox', async () => {
      const opened = await scene.open()
      const { retention } = opened.store
      for (const inbox of ['a', 'b']) await receive(opened, inbox, 'one', 'two')
      expect(await retention.forget('a', { keepMs: day, limit: 10 })).toBe(0)
      expect(await receive(opened, 'a', 'one')).toEqual(['known'])
      expect(await retention.forget('a', { keepMs: 0, limit: 10 })).toBe(2)
      expect(await receive(opened, 'b', 'one', 'two')).toEqual(['known', 'known'])
      expect(await receive(opened, 'a', 'one', 'two')).toEqual(['new', 'new'])
    })

    it('are forgotten in bounded numbers, the oldest first', async () => {
      const opened = await scene.open()
      const { retention } = opened.store
      for (const id of ['c', 'a', 'b']) await receive(opened, 'a', id)
      expect(await retention.forget('a', { keepMs: 0, limit: 2 })).toBe(2)
      expect(await receive(opened, 'a', 'b')).toEqual(['known'])
      expect(await retention.forget('a', { keepMs: 0, limit: 2 })).toBe(1)
      expect(await retention.forget('a', { keepMs: 0, limit: 2 })).toBe(0)
    })
  })
}
