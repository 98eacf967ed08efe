import { describe, expect, it } from 'vitest'
import { isHeldUp, ofCode, type StoreScene } from '../store-scene.js'
import { batch, halves, lead, leaseOf, takeOver } from './relay-scene.js'

/** Nothing of a relay's is written but behind the guard. */
export function describeGuard<Tx>(scene: StoreScene<Tx>): void {
  describe('the guard', () => {
    it("lets nobody in whose token is not the lease's", async () => {
      const { relay, token } = await lead(scene)
      let entered = false
      const work = async (): Promise<void> => {
        entered = true
      }
      const attempts = [
        { shard: 0, token: 'another', confirmed: 0 },
        { shard: 1, token, confirmed: 0 },
      ]
      for (const guard of attempts) {
        await expect(relay.guarded(guard, work)).rejects.toEqual(ofCode('LEASE_LOST'))
      }
      expect(entered).toBe(false)
      expect((await leaseOf(relay)).confirmed).toBe(0)
    })

    it('lets nobody in from the moment in which another process takes the lease', async () => {
      const { relay, guarded } = await lead(scene)
      await guarded(async () => undefined)
      await relay.takeLease({ shard: 0, holder: 'next', observed: await leaseOf(relay) })
      await expect(guarded(async () => undefined)).rejects.toEqual(ofCode('LEASE_LOST'))
    })

    it('lets nobody in after the token has changed, and not after the lease is given up', async () => {
      const first = await lead(scene)
      const { relay, holder, guarded } = first
      await relay.changeToken({ shard: 0, holder, token: 'new' })
      await expect(guarded(async () => undefined)).rejects.toEqual(ofCode('LEASE_LOST'))
      const token = await takeOver(relay, holder)
      await relay.releaseLease({ shard: 0, holder })
      const late = relay.guarded({ shard: 0, token, confirmed: 0 }, async () => undefined)
      await expect(late).rejects.toEqual(ofCode('LEASE_LOST'))
    })

    it('raises what is confirmed and never lowers it', async () => {
      const { relay, guarded } = await lead(scene)
      const seen: number[] = []
      for (const confirmed of [3, 2, 3, 5_000_000_000]) {
        await guarded(async () => undefined, confirmed)
        seen.push((await leaseOf(relay)).confirmed)
      }
      expect(seen).toEqual([3, 3, 3, 5_000_000_000])
    })

    it('raises what is confirmed in the middle of its work, too, and never lowers it', async () => {
      const { relay, guarded } = await lead(scene, halves)
      const seen: number[] = []
      for (const confirmed of [3, 2, 5_000_000_000]) {
        await guarded((tx) => tx.confirm(confirmed))
        seen.push((await leaseOf(relay)).confirmed)
      }
      expect(seen).toEqual([3, 3, 5_000_000_000])
      const { confirmed } = await guarded(async (tx) => {
        await tx.confirm(5_000_000_001)
        return tx.readFacts()
      })
      expect(confirmed).toBe(5_000_000_001)
      expect(await relay.readLease(1)).toMatchObject({ confirmed: 0 })
    })

    it('takes everything back when the work rejects, and passes the error as it is', async () => {
      const { relay, guarded } = await lead(scene)
      const thrown = new Error('of the relay')
      const attempt = guarded(async (tx) => {
        await tx.insertBatch(batch(0))
        throw thrown
      }, 7)
      await expect(attempt).rejects.toBe(thrown)
      expect((await leaseOf(relay)).confirmed).toBe(0)
      expect((await guarded((tx) => tx.readFacts())).batches).toEqual([])
    })

    // By then it may have begun to send what it has written.
    it('runs the work once, also where its failure is one of the moment', async () => {
      const { guarded } = await lead(scene)
      let runs = 0
      const attempt = guarded(async () => {
        runs += 1
        throw Object.assign(new Error('could not serialize access'), { code: '40001' })
      })
      await expect(attempt).rejects.toThrow('could not serialize access')
      expect(runs).toBe(1)
    })

    it('gives the result of the work', async () => {
      const { guarded } = await lead(scene)
      expect(await guarded(async () => 42)).toBe(42)
    })

    it('lets one in at a time, and holds a taker of the lease up', async () => {
      const { opened, relay, guarded } = await lead(scene)
      const observed = await leaseOf(relay)
      let leave: () => void = () => undefined
      const inside = new Promise<void>((resolve) => {
        leave = resolve
      })
      let enter: () => void = () => undefined
      const entered = new Promise<void>((resolve) => {
        enter = resolve
      })
      const first = guarded(async () => {
        enter()
        await inside
      })
      await entered
      const second = guarded(async () => undefined)
      const taking = relay.takeLease({ shard: 0, holder: 'next', observed })
      expect(await isHeldUp(opened, second)).toBe(true)
      expect(await isHeldUp(opened, taking)).toBe(true)
      leave()
      await first
      // Either order is right: the guard that comes behind the taker is refused.
      const [late, taken] = await Promise.allSettled([second, taking])
      expect(taken).toEqual({ status: 'fulfilled', value: true })
      if (late.status === 'rejected') expect(late.reason).toEqual(ofCode('LEASE_LOST'))
    })
  })
}
