import { describe, expect, it } from 'vitest'
import { isHeldUp, type StoreScene } from '../store-scene.js'

const entry = { inbox: 'inbox', scope: 'orders', id: 'id-1' }

/** An inbox takes an id once. */
export function describeMessageIds<Tx>(scene: StoreScene<Tx>): void {
  describe('a message id', () => {
    it('is new once, for each inbox and scope', async () => {
      const opened = await scene.open()
      const { store } = opened
      const first = await opened.begin()
      expect(await store.insertMessageId(first.tx, entry)).toBe(true)
      expect(await store.insertMessageId(first.tx, entry)).toBe(false)
      await first.commit()
      const second = await opened.begin()
      expect(await store.insertMessageId(second.tx, entry)).toBe(false)
      expect(await store.insertMessageId(second.tx, { ...entry, inbox: 'other' })).toBe(true)
      expect(await store.insertMessageId(second.tx, { ...entry, scope: 'invoices' })).toBe(true)
      expect(await store.insertMessageId(second.tx, { ...entry, id: 'id-2' })).toBe(true)
      await second.commit()
    })

    it.each([
      ['commits: then it is a repeat', 'commit', false],
      ['rolls back: then it is new', 'rollback', true],
    ] as const)('that another transaction inserts is waited for until that %s', async (_, end, expected) => {
      const opened = await scene.open()
      const first = await opened.begin()
      const second = await opened.begin()
      await opened.store.insertMessageId(first.tx, entry)
      const inserting = opened.store.insertMessageId(second.tx, entry)
      expect(await isHeldUp(opened, inserting)).toBe(true)
      await first[end]()
      expect(await inserting).toBe(expected)
      expect(await opened.store.isUsable(second.tx)).toBe(true)
      await second.commit()
    })
  })
}
