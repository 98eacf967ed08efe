import { describe, expect, it } from 'vitest'
import type { StoreScene } from '../store-scene.js'
import { relayOf } from './relay-scene.js'

const a = { shard: 0, holder: 'a' }
const b = { shard: 0, holder: 'b' }

/** One process holds a shard, and who saw something else does not take it. */
export function describeLeases<Tx>(scene: StoreScene<Tx>): void {
  describe('a lease', () => {
    it('is free at first, for each shard', async () => {
      const relay = relayOf(await scene.open())
      const free = { holder: null, token: null, renewal: 0, confirmed: 0 }
      expect(await relay.readLease(0)).toEqual(free)
      expect(await relay.readLease(0)).toEqual(free)
      expect(await relay.takeLease({ ...a, observed: free })).toBe(true)
      expect(await relay.readLease(1)).toEqual(free)
    })

    it('is taken by one of those who saw it free', async () => {
      const relay = relayOf(await scene.open())
      const observed = await relay.readLease(0)
      const taken = await Promise.all([a, b].map((who) => relay.takeLease({ ...who, observed })))
      expect(taken.toSorted()).toEqual([false, true])
      expect(await relay.readLease(0)).toMatchObject({ holder: taken[0] ? 'a' : 'b', token: null })
    })

    it('is not taken by who has not seen its last renewal', async () => {
      const relay = relayOf(await scene.open())
      await relay.takeLease({ ...a, observed: await relay.readLease(0) })
      const seen = await relay.readLease(0)
      expect(await relay.renewLease(a)).toBe(true)
      expect(await relay.takeLease({ ...b, observed: seen })).toBe(false)
      expect(await relay.takeLease({ ...b, observed: await relay.readLease(0) })).toBe(true)
    })

    it.each(['holder', 'token'] as const)('is not taken by who saw another %s', async (part) => {
      const relay = relayOf(await scene.open())
      await relay.takeLease({ ...a, observed: await relay.readLease(0) })
      const seen = await relay.readLease(0)
      expect(await relay.takeLease({ ...b, observed: { ...seen, [part]: 'another' } })).toBe(false)
      expect(await relay.takeLease({ ...b, observed: { ...seen, [part]: null } })).toBe(part === 'token')
    })

    it('never looks again as it did before, so that an observer sees that it has changed hands and back', async () => {
      const relay = relayOf(await scene.open())
      const seen = [await relay.readLease(0)]
      for (const who of [a, b, a]) {
        await relay.takeLease({ ...who, observed: await relay.readLease(0) })
        seen.push(await relay.readLease(0))
      }
      await relay.releaseLease(a)
      seen.push(await relay.readLease(0))
      expect(new Set(seen.map(({ renewal }) => renewal)).size).toBe(seen.length)
    })

    it('is renewed by its holder only, and counts that', async () => {
      const relay = relayOf(await scene.open())
      await relay.takeLease({ ...a, observed: await relay.readLease(0) })
      const before = await relay.readLease(0)
      expect(await relay.renewLease(a)).toBe(true)
      expect(await relay.renewLease(b)).toBe(false)
      expect(await relay.renewLease({ shard: 1, holder: 'a' })).toBe(false)
      expect(await relay.readLease(0)).toEqual({ ...before, renewal: before.renewal + 1 })
    })

    it('has a new token whenever its holder asks, and nobody else', async () => {
      const relay = relayOf(await scene.open())
      await relay.takeLease({ ...a, observed: await relay.readLease(0) })
      expect(await relay.changeToken({ ...a, token: 'first' })).toBe(true)
      expect(await relay.changeToken({ ...a, token: 'second' })).toBe(true)
      expect(await relay.changeToken({ ...b, token: 'third' })).toBe(false)
      expect(await relay.readLease(0)).toMatchObject({ holder: 'a', token: 'second' })
    })

    it('is free once its holder gives it up, and not before', async () => {
      const relay = relayOf(await scene.open())
      await relay.takeLease({ ...a, observed: await relay.readLease(0) })
      await relay.changeToken({ ...a, token: 'token' })
      const held = await relay.readLease(0)
      await relay.releaseLease(b)
      expect(await relay.readLease(0)).toEqual(held)
      await relay.releaseLease(a)
      expect(await relay.readLease(0)).toMatchObject({ holder: null, token: null })
      expect(await relay.renewLease(a)).toBe(false)
      expect(await relay.takeLease({ ...b, observed: held })).toBe(false)
      expect(await relay.takeLease({ ...b, observed: await relay.readLease(0) })).toBe(true)
    })
  })
}
