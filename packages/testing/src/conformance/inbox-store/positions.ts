import type { PositionRange } from '@pigeonhole/core'
import { describe, expect, it } from 'vitest'
import { isHeldUp, type StoreScene } from '../store-scene.js'
import type { OpenStore } from '../store-subject.js'

const beyondDoubles = 2n ** 60n

function at(offset: bigint, given: { readonly topic?: string; readonly partition?: number } = {}) {
  return { topic: 'orders', partition: 0, first: offset, last: offset, ...given }
}

// Whether the position moves past `range`.
async function moves<Tx>(
  store: OpenStore<Tx>['store'],
  tx: Tx,
  inbox: string,
  range: PositionRange,
): Promise<boolean> {
  return (await store.receiveMessages(tx, inbox, { topic: range.topic, range, messages: [] })) !== undefined
}

/** A position only moves on, and is held until the transaction ends. */
export function describePositions<Tx>(scene: StoreScene<Tx>): void {
  describe('a position', () => {
    const advance = async (opened: OpenStore<Tx>, offset: bigint, inbox = 'inbox'): Promise<boolean> => {
      const { tx, commit } = await opened.begin()
      const moved = await moves(opened.store, tx, inbox, at(offset))
      await commit()
      return moved
    }

    it('moves to any later offset, and never to one that it has passed', async () => {
      const opened = await scene.open()
      const offsets = [5n, 5n, 4n, 6n, 9n, 8n, beyondDoubles, beyondDoubles, beyondDoubles + 1n]
      const moved: boolean[] = []
      for (const offset of offsets) moved.push(await advance(opened, offset))
      expect(moved).toEqual([true, false, false, true, true, false, true, false, true])
    })

    it('begins at offset 0 as well', async () => {
      const opened = await scene.open()
      expect(await advance(opened, 0n)).toBe(true)
      expect(await advance(opened, 0n)).toBe(false)
    })

    it('moves twice in one transaction', async () => {
      const opened = await scene.open()
      const { tx, commit } = await opened.begin()
      expect(await moves(opened.store, tx, 'inbox', at(1n))).toBe(true)
      expect(await moves(opened.store, tx, 'inbox', at(1n))).toBe(false)
      expect(await moves(opened.store, tx, 'inbox', at(2n))).toBe(true)
      await commit()
    })

    it('moves past a whole range, unless it has passed the first of it', async () => {
      const opened = await scene.open()
      const { store } = opened
      const { tx, commit } = await opened.begin()
      const range = (first: bigint, last: bigint) => ({ ...at(first), last })
      expect(await moves(store, tx, 'inbox', range(0n, 9n))).toBe(true)
      expect(await moves(store, tx, 'inbox', range(9n, 12n))).toBe(false)
      expect(await moves(store, tx, 'inbox', range(10n, 12n))).toBe(true)
      await commit()
      expect(await store.readPositions('inbox', [{ topic: 'orders', partition: 0 }])).toMatchObject([
        { nextOffset: 13n },
      ])
    })

    it('stays where it was when the transaction rolls back', async () => {
      const opened = await scene.open()
      const { tx, rollback } = await opened.begin()
      expect(await moves(opened.store, tx, 'inbox', at(5n))).toBe(true)
      await rollback()
      expect(await advance(opened, 5n)).toBe(true)
    })

    it('is one for each inbox, topic and partition', async () => {
      const opened = await scene.open()
      const { tx, commit } = await opened.begin()
      const { store } = opened
      expect(await moves(store, tx, 'inbox', at(5n))).toBe(true)
      expect(await moves(store, tx, 'other', at(5n))).toBe(true)
      expect(await moves(store, tx, 'inbox', at(5n, { topic: 'invoices' }))).toBe(true)
      expect(await moves(store, tx, 'inbox', at(5n, { partition: 1 }))).toBe(true)
      await commit()
    })

    it.each([
      ['commits: then it is passed', 'commit', false],
      ['rolls back: then it moves', 'rollback', true],
    ] as const)('is waited for until its holder %s', async (_, end, expected) => {
      const opened = await scene.open()
      await advance(opened, 1n)
      const first = await opened.begin()
      const second = await opened.begin()
      await moves(opened.store, first.tx, 'inbox', at(2n))
      const moving = moves(opened.store, second.tx, 'inbox', at(2n))
      expect(await isHeldUp(opened, moving)).toBe(true)
      await first[end]()
      expect(await moving).toBe(expected)
      await second.commit()
    })

    it('is held by who finds it passed, too', async () => {
      const opened = await scene.open()
      await advance(opened, 5n)
      const first = await opened.begin()
      const second = await opened.begin()
      expect(await moves(opened.store, first.tx, 'inbox', at(3n))).toBe(false)
      const moving = moves(opened.store, second.tx, 'inbox', at(6n))
      expect(await isHeldUp(opened, moving)).toBe(true)
      await first.commit()
      expect(await moving).toBe(true)
      await second.commit()
    })

    it('is read as the next offset, where there is one', async () => {
      const opened = await scene.open()
      const { store } = opened
      const { tx, commit } = await opened.begin()
      await moves(store, tx, 'inbox', at(beyondDoubles))
      await moves(store, tx, 'inbox', at(4n, { partition: 2 }))
      await moves(store, tx, 'inbox', at(4n, { topic: 'unasked' }))
      await moves(store, tx, 'other', at(9n, { partition: 1 }))
      await commit()
      const partitions = [0, 1, 2].map((partition) => ({ topic: 'orders', partition }))
      const found = await store.readPositions('inbox', partitions)
      expect(found.toSorted((a, b) => a.partition - b.partition)).toEqual([
        { topic: 'orders', partition: 0, nextOffset: beyondDoubles + 1n },
        { topic: 'orders', partition: 2, nextOffset: 5n },
      ])
      expect(await store.readPositions('inbox', [])).toEqual([])
    })
  })
}
