import type { InboxPositionsStore } from '@pigeonhole/core'
import { describe, expect, it } from 'vitest'
import { isHeldUp, ofIds, type StoreScene } from '../store-scene.js'
import type { OpenStore } from '../store-subject.js'

const place = { topic: 'orders', partition: 1 }
const ids = [
  { scope: 'orders', id: 'a' },
  { scope: 'orders', id: 'b' },
]

/** What operators do to an inbox. */
export function describeRewinding<Tx>(scene: StoreScene<Tx>): void {
  describe('an operator', () => {
    const positionsOf = ({ store }: OpenStore<Tx>): InboxPositionsStore => {
      if (!hasPositions(store)) throw new Error('The store has no InboxPositionsStore')
      return store
    }
    const receive = async (opened: OpenStore<Tx>, inbox: string, at: bigint) => {
      const { tx, commit } = await opened.begin()
      const received = await opened.store.receiveMessages(tx, inbox, {
        ...ofIds(ids),
        range: { ...place, first: at, last: at },
      })
      await commit()
      return received
    }

    it('sees every position, in the order of inbox, topic and partition', async () => {
      const opened = await scene.open()
      expect(await positionsOf(opened).listPositions()).toEqual([])
      for (const inbox of ['b', 'a']) await receive(opened, inbox, 7n)
      expect(await positionsOf(opened).listPositions()).toEqual([
        { inbox: 'a', ...place, nextOffset: 8n },
        { inbox: 'b', ...place, nextOffset: 8n },
      ])
    })

    it('moves a position back from where it stands, and from nowhere else', async () => {
      const opened = await scene.open()
      const positions = positionsOf(opened)
      for (const inbox of ['a', 'b']) await receive(opened, inbox, 7n)
      const rewind = { inbox: 'a', ...place, to: 3n }
      expect(await positions.rewindPosition({ ...rewind, from: 7n })).toBe(false)
      expect(await positions.rewindPosition({ ...rewind, partition: 0, from: 8n })).toBe(false)
      expect(await positions.rewindPosition({ ...rewind, from: 8n })).toBe(true)
      const found = await positions.listPositions()
      expect(found.map(({ nextOffset }) => nextOffset)).toEqual([3n, 8n])
    })

    it('has what was noted of starts forgotten: what is read again is a message like any other', async () => {
      const opened = await scene.open()
      const { claims } = opened.store
      await receive(opened, 'a', 7n)
      const position = { ...place, offset: 8n }
      for (let life = 0; life < 4; life++) {
        await claims.claim('a', position)
        await claims.start('a', position)
      }
      const rewind = { inbox: 'a', ...place, from: 8n, to: 8n }
      expect(await positionsOf(opened).rewindPosition({ ...rewind, from: 9n })).toBe(false)
      expect(await claims.claim('a', position)).toEqual({ claims: 5, starts: 4 })
      expect(await positionsOf(opened).rewindPosition(rewind)).toBe(true)
      expect(await claims.claim('a', position)).toEqual({ claims: 1, starts: 0 })
    })

    it('keeps every id, however old, until the inbox is back where it was', async () => {
      const opened = await scene.open()
      const { retention } = opened.store
      const positions = positionsOf(opened)
      const all = { keepMs: 0, limit: 10 }
      for (const inbox of ['a', 'b']) await receive(opened, inbox, 7n)
      await positions.rewindPosition({ inbox: 'a', ...place, from: 8n, to: 6n })
      expect(await retention.forget('a', all)).toBe(0)
      expect(await retention.forget('b', all)).toBe(2)
      // Further back, and then forth.
      await positions.rewindPosition({ inbox: 'a', ...place, from: 6n, to: 5n })
      for (const offset of [5n, 6n]) expect(await receive(opened, 'a', offset)).toEqual(['known', 'known'])
      expect(await retention.forget('a', all)).toBe(0)
      await receive(opened, 'a', 7n)
      expect(await retention.forget('a', all)).toBe(2)
    })

    it('is told up to when ids were forgotten, for each inbox', async () => {
      const opened = await scene.open()
      const positions = positionsOf(opened)
      await receive(opened, 'a', 7n)
      expect(await positions.forgottenUntil('a')).toBeNull()
      await opened.store.retention.forget('a', { keepMs: 0, limit: 10 })
      const until = await positions.forgottenUntil('a')
      expect(until).toBeInstanceOf(Date)
      await receive(opened, 'a', 8n)
      await opened.store.retention.forget('a', { keepMs: 0, limit: 1 })
      expect((await positions.forgottenUntil('a'))?.getTime()).toBeGreaterThanOrEqual(Number(until))
      expect(await positions.forgottenUntil('b')).toBeNull()
    })

    it('waits for a handler that holds the position, and then finds it elsewhere', async () => {
      const opened = await scene.open()
      await receive(opened, 'a', 7n)
      const { tx, commit } = await opened.begin()
      const range = { ...place, first: 8n, last: 8n }
      await opened.store.receiveMessages(tx, 'a', { ...ofIds([]), range })
      const rewinding = positionsOf(opened).rewindPosition({ inbox: 'a', ...place, from: 8n, to: 3n })
      expect(await isHeldUp(opened, rewinding)).toBe(true)
      await commit()
      expect(await rewinding).toBe(false)
    })

    it('has an inbox forget messages, so that they are new to it, and to no other', async () => {
      const opened = await scene.open()
      for (const inbox of ['a', 'b']) await receive(opened, inbox, 7n)
      const forgotten = [ids[0], { scope: 'orders', id: 'never seen' }, { scope: 'other', id: 'b' }]
      expect(
        await positionsOf(opened).forgetMessages(
          'a',
          forgotten.flatMap((id) => id ?? []),
        ),
      ).toBe(1)
      expect(await receive(opened, 'a', 8n)).toEqual(['new', 'known'])
      expect(await receive(opened, 'b', 8n)).toEqual(['known', 'known'])
      expect(await positionsOf(opened).forgetMessages('a', [])).toBe(0)
    })
  })
}

function hasPositions(store: Partial<InboxPositionsStore>): store is InboxPositionsStore {
  return store.listPositions !== undefined
}
