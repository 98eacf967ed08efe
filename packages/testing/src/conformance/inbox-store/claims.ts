import { describe, expect, it } from 'vitest'
import { isHeldUp, type StoreScene } from '../store-scene.js'

const at = (offset: bigint, partition = 0) => ({ topic: 'orders', partition, offset })

/** How an inbox finds the message that kills its process. */
export function describeClaims<Tx>(scene: StoreScene<Tx>): void {
  describe('a claim', () => {
    it('counts how often a partition is begun at an offset, and begins again at another one', async () => {
      const { claims } = (await scene.open()).store
      expect(await claims.claim('a', at(5n))).toEqual({ claims: 1, starts: 0 })
      expect(await claims.claim('a', at(5n))).toEqual({ claims: 2, starts: 0 })
      expect(await claims.claim('b', at(5n))).toEqual({ claims: 1, starts: 0 })
      expect(await claims.claim('a', at(5n, 1))).toEqual({ claims: 1, starts: 0 })
      await claims.start('a', at(5n))
      expect(await claims.claim('a', at(5n))).toEqual({ claims: 3, starts: 1 })
      expect(await claims.claim('a', at(6n))).toEqual({ claims: 1, starts: 0 })
    })

    it('knows how many starts of its message have had no end', async () => {
      const { claims } = (await scene.open()).store
      expect(await claims.start('a', at(5n))).toBe(1)
      expect(await claims.start('a', at(5n))).toBe(2)
      await claims.end('a', at(5n))
      expect(await claims.claim('a', at(5n))).toMatchObject({ starts: 1 })
      expect(await claims.start('a', at(7n))).toBe(1)
      // Of a message that is no longer the one there.
      await claims.end('a', at(5n))
      expect(await claims.claim('a', at(7n))).toMatchObject({ starts: 1 })
      await claims.end('a', at(7n))
      await claims.end('a', at(7n))
      expect(await claims.start('a', at(7n))).toBe(1)
    })

    it('is forgotten with the message that it is of, and with no other', async () => {
      const { claims } = (await scene.open()).store
      for (let life = 0; life < 3; life++) {
        await claims.claim('a', at(5n))
        await claims.start('a', at(5n))
      }
      await claims.finish('a', at(6n))
      expect(await claims.claim('a', at(5n))).toEqual({ claims: 4, starts: 3 })
      await claims.finish('a', at(5n))
      expect(await claims.claim('a', at(5n))).toEqual({ claims: 1, starts: 0 })
      expect(await claims.start('a', at(5n))).toBe(1)
    })

    it('is not started where the position is beyond it', async () => {
      const opened = await scene.open()
      const { claims } = opened.store
      const { tx, commit } = await opened.begin()
      const range = { topic: 'orders', partition: 0, first: 5n, last: 5n }
      await opened.store.receiveMessages(tx, 'a', { topic: 'orders', range, messages: [] })
      await commit()
      expect(await claims.start('a', at(5n))).toBeUndefined()
      expect(await claims.start('a', at(6n))).toBe(1)
    })

    it.each([
      ['commits', 'commit', 8n],
      ['rolls back', 'rollback', undefined],
    ] as const)(
      'waits until who has the first position of a partition %s, and makes none itself',
      async (_, end, expected) => {
        const opened = await scene.open()
        const { store } = opened
        const range = { topic: 'orders', partition: 0, first: 7n, last: 7n }
        const holder = await opened.begin()
        await store.receiveMessages(holder.tx, 'a', { topic: 'orders', range, messages: [] })
        const waiting = store.claims.wait('a', at(7n))
        expect(await isHeldUp(opened, waiting)).toBe(true)
        await holder[end]()
        await waiting
        const [position] = await store.readPositions('a', [range])
        expect(position?.nextOffset).toBe(expected)
      },
    )

    it.each([
      ['commits: then it is not started', 'commit', undefined],
      ['rolls back: then it is', 'rollback', 1],
    ] as const)('waits until who has its position %s', async (_, end, expected) => {
      const opened = await scene.open()
      const { store } = opened
      const range = (offset: bigint) => ({ topic: 'orders', partition: 0, first: offset, last: offset })
      const before = await opened.begin()
      await store.receiveMessages(before.tx, 'a', { topic: 'orders', range: range(4n), messages: [] })
      await before.commit()
      const holder = await opened.begin()
      await store.receiveMessages(holder.tx, 'a', { topic: 'orders', range: range(5n), messages: [] })
      const waiting = store.claims.wait('a', at(5n))
      expect(await isHeldUp(opened, waiting)).toBe(true)
      await store.claims.wait('a', at(5n, 1))
      const starting = store.claims.start('a', at(5n))
      expect(await isHeldUp(opened, starting)).toBe(true)
      await holder[end]()
      await waiting
      expect(await starting).toBe(expected)
    })
  })
}
