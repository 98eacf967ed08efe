import type { RelayStore } from '@pigeonhole/core'
import { describe, expect, it } from 'vitest'
import type { StoreScene } from '../store-scene.js'
import { halves, leaseOf, relayOf } from './relay-scene.js'

const a = { shard: 0, holder: 'a' }
const b = { shard: 0, holder: 'b' }

async function openRelay<Tx>(scene: StoreScene<Tx>): Promise<RelayStore> {
  const relay = relayOf(await scene.open())
  await relay.provideShards(halves)
  return relay
}

/** One process holds a shard, and who saw something else does not take it. */
export function describeLeases<Tx>(scene: StoreScene<Tx>): void {
  describe('a lease', () => {
    it('is free at first, for each shard', async () => {
      const relay = await openRelay(scene)
      const free = { holder: null, token: null, renewal: 0, confirmed: 0 }
      expect(await leaseOf(relay)).toEqual(free)
      expect(await relay.takeLease({ ...a, observed: free })).toBe(true)
      expect(await relay.readLease(1)).toEqual(free)
    })

    it('is taken by one of those who saw it free', async () => {
      const relay = await openRelay(scene)
      const observed = await leaseOf(relay)
      const taken = await Promise.all([a, b].map((who) => relay.takeLease({ ...who, observed })))
      expect(taken.toSorted()).toEqual([false, true])
      expect(await leaseOf(relay)).toMatchObject({ holder: taken[0] ? 'a' : 'b', token: null })
    })

    it('is not taken by who has not seen its last renewal', async () => {
      const relay = await openRelay(scene)
      await relay.takeLease({ ...a, observed: await leaseOf(relay) })
      const seen = await leaseOf(relay)
      expect(await relay.renewLease(a)).toBe(true)
      expect(await relay.takeLease({ ...b, observed: seen })).toBe(false)
      expect(await relay.takeLease({ ...b, observed: await leaseOf(relay) })).toBe(true)
    })

    it.each(['holder', 'token'] as const)('is not taken by who saw another %s', async (part) => {
      const relay = await openRelay(scene)
      await relay.takeLease({ ...a, observed: await leaseOf(relay) })
      const seen = await leaseOf(relay)
      expect(await relay.takeLease({ ...b, observed: { ...seen, [part]: 'another' } })).toBe(false)
      expect(await relay.takeLease({ ...b, observed: { ...seen, [part]: null } })).toBe(part === 'token')
    })

    it('never looks again as it did before, so that an observer sees that it has changed hands and back', async () => {
      const relay = await openRelay(scene)
      const seen = [await leaseOf(relay)]
      for (const who of [a, b, a]) {
        await relay.takeLease({ ...who, observed: await leaseOf(relay) })
        seen.push(await leaseOf(relay))
      }
      await relay.releaseLease(a)
      seen.push(await leaseOf(relay))
      expect(new Set(seen.map(({ renewal }) => renewal)).size).toBe(seen.length)
    })

    it('is seized from whoever holds it, with its token, also of a shard that is retired', async () => {
      const relay = await openRelay(scene)
      await relay.takeLease({ ...a, observed: await leaseOf(relay) })
      await relay.changeToken({ ...a, token: 'token' })
      const seen = await leaseOf(relay)
      await relay.seizeLease(b)
      expect(await leaseOf(relay)).toEqual({ ...seen, holder: 'b', token: null, renewal: seen.renewal + 1 })
      expect(await relay.renewLease(a)).toBe(false)
      expect(await relay.renewLease(b)).toBe(true)
      expect(await relay.readLease(1)).toMatchObject({ holder: null })
    })

    it('is renewed by its holder only, and counts that', async () => {
      const relay = await openRelay(scene)
      await relay.takeLease({ ...a, observed: await leaseOf(relay) })
      const before = await leaseOf(relay)
      expect(await relay.renewLease(a)).toBe(true)
      expect(await relay.renewLease(b)).toBe(false)
      expect(await relay.renewLease({ shard: 1, holder: 'a' })).toBe(false)
      expect(await leaseOf(relay)).toEqual({ ...before, renewal: before.renewal + 1 })
    })

    it('has a new token whenever its holder asks, and nobody else', async () => {
      const relay = await openRelay(scene)
      await relay.takeLease({ ...a, observed: await leaseOf(relay) })
      expect(await relay.changeToken({ ...a, token: 'first' })).toBe(true)
      expect(await relay.changeToken({ ...a, token: 'second' })).toBe(true)
      expect(await relay.changeToken({ ...b, token: 'third' })).toBe(false)
      expect(await leaseOf(relay)).toMatchObject({ holder: 'a', token: 'second' })
    })

    it('is free once its holder gives it up, and not before', async () => {
      const relay = await openRelay(scene)
      await relay.takeLease({ ...a, observed: await leaseOf(relay) })
      await relay.changeToken({ ...a, token: 'token' })
      const held = await leaseOf(relay)
      await relay.releaseLease(b)
      expect(await leaseOf(relay)).toEqual(held)
      await relay.releaseLease(a)
      expect(await leaseOf(relay)).toMatchObject({ holder: null, token: null })
      expect(await relay.renewLease(a)).toBe(false)
      expect(await relay.takeLease({ ...b, observed: held })).toBe(false)
      expect(await relay.takeLease({ ...b, observed: await leaseOf(relay) })).toBe(true)
    })
  })
}
