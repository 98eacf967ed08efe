import { describe, expect, it } from 'vitest'
import { ofIds as ids, isHeldUp, type StoreScene } from '../store-scene.js'

const inbox = 'inbox'
const entry = { scope: 'orders', id: 'id-1' }

/** An inbox takes an id once. */
export function describeMessageIds<Tx>(scene: StoreScene<Tx>): void {
  describe('a message id', () => {
    it('is new once, for each inbox and scope', async () => {
      const opened = await scene.open()
      const { store } = opened
      const first = await opened.begin()
      expect(await store.receiveMessages(first.tx, inbox, ids([entry]))).toEqual(['new'])
      expect(await store.receiveMessages(first.tx, inbox, ids([entry]))).toEqual(['known'])
      await first.commit()
      const second = await opened.begin()
      expect(await store.receiveMessages(second.tx, inbox, ids([entry]))).toEqual(['known'])
      expect(await store.receiveMessages(second.tx, 'other', ids([entry]))).toEqual(['new'])
      expect(await store.receiveMessages(second.tx, inbox, ids([{ ...entry, scope: 'invoices' }]))).toEqual([
        'new',
      ])
      expect(await store.receiveMessages(second.tx, inbox, ids([{ ...entry, id: 'id-2' }]))).toEqual(['new'])
      await second.commit()
    })

    it('is told of each, in their order, where several come at once', async () => {
      const opened = await scene.open()
      const { store } = opened
      const { tx, commit } = await opened.begin()
      const several = ['c', 'a', 'b', 'a', 'c'].map((id) => ({ scope: 'orders', id }))
      await store.receiveMessages(tx, inbox, ids([{ scope: 'orders', id: 'b' }]))
      expect(await store.receiveMessages(tx, inbox, ids(several))).toEqual([
        'new',
        'new',
        'known',
        'known',
        'known',
      ])
      expect(await store.receiveMessages(tx, inbox, ids([]))).toEqual([])
      await commit()
    })

    it('is taken in one order among several: who waits for one holds none behind it', async () => {
      const opened = await scene.open()
      const { store } = opened
      const [first, second, third] = [await opened.begin(), await opened.begin(), await opened.begin()]
      const of = (...names: readonly string[]) => ids(names.map((id) => ({ scope: 'orders', id })))
      await store.receiveMessages(first.tx, inbox, of('a'))
      const waiting = store.receiveMessages(second.tx, inbox, of('z', 'a'))
      expect(await isHeldUp(opened, waiting)).toBe(true)
      expect(await store.receiveMessages(third.tx, inbox, of('z'))).toEqual(['new'])
      await third.rollback()
      await first.rollback()
      expect(await waiting).toEqual(['new', 'new'])
      await second.commit()
    })

    it.each([
      ['is looked at', [entry]],
      ['among several is looked at', [entry, { ...entry, id: 'id-2' }]],
    ])('%s only where the position has not passed it', async (_, several) => {
      const opened = await scene.open()
      const { store } = opened
      const range = { topic: 'orders', partition: 0, first: 5n, last: 5n }
      const first = await opened.begin()
      expect(await store.receiveMessages(first.tx, inbox, { ...ids([]), range })).toEqual([])
      await first.commit()
      const second = await opened.begin()
      expect(await store.receiveMessages(second.tx, inbox, { ...ids(several), range })).toBeUndefined()
      const next = { ...range, first: 6n, last: 6n }
      const verdicts = await store.receiveMessages(second.tx, inbox, { ...ids(several), range: next })
      expect(verdicts).toEqual(several.map(() => 'new'))
      await second.commit()
    })

    it.each([
      ['is taken', [entry]],
      ['among several is taken', [entry, { ...entry, id: 'id-2' }]],
    ])('%s after the position: who waits for that holds no id', async (_, several) => {
      const opened = await scene.open()
      const { store } = opened
      const range = { topic: 'orders', partition: 0, first: 5n, last: 5n }
      const [first, second, third] = [await opened.begin(), await opened.begin(), await opened.begin()]
      await store.receiveMessages(first.tx, inbox, { ...ids([]), range })
      const waiting = store.receiveMessages(second.tx, inbox, { ...ids(several), range })
      expect(await isHeldUp(opened, waiting)).toBe(true)
      expect(await store.receiveMessages(third.tx, inbox, ids([entry]))).toEqual(['new'])
      await third.rollback()
      await first.commit()
      expect(await waiting).toBeUndefined()
      await second.commit()
    })

    it.each([
      ['commits: then it is a repeat', 'commit', 'known'],
      ['rolls back: then it is new', 'rollback', 'new'],
    ] as const)('that another transaction inserts is waited for until that %s', async (_, end, expected) => {
      const opened = await scene.open()
      const first = await opened.begin()
      const second = await opened.begin()
      await opened.store.receiveMessages(first.tx, inbox, ids([entry]))
      const inserting = opened.store.receiveMessages(second.tx, inbox, ids([entry]))
      expect(await isHeldUp(opened, inserting)).toBe(true)
      await first[end]()
      expect(await inserting).toEqual([expected])
      expect(await opened.store.isUsable(second.tx)).toBe(true)
      await second.commit()
    })
  })
}
