import type { ParkedSelection } from '@pigeonhole/core'
import { describe, expect, it } from 'vitest'
import { commitRows, type StoreScene } from '../../store-scene.js'
import { batch, lead } from '../relay-scene.js'
import { key, parkFirst } from './parking-scene.js'

/** What an operator gives up. */
export function describeDiscarding<Tx>(scene: StoreScene<Tx>): void {
  describe('discarding what is parked', () => {
    it('deletes messages, and unblocks the keys of which nothing is left', async () => {
      const relay = await lead(scene)
      await commitRows(relay.opened, [key('a'), key('a')])
      await parkFirst(relay)
      const [first] = await relay.relay.listParkedMessages({}, 1)
      const discard = (selection: ParkedSelection) => relay.relay.discardParked(selection)
      expect(await discard({ ids: [first?.id ?? ''] })).toEqual({ messages: 1, unblocked: 0, inFlight: 0 })
      expect(await discard({})).toEqual({ messages: 1, unblocked: 1, inFlight: 0 })
      expect(await relay.relay.listParking()).toEqual([])
    })

    it('leaves what a batch holds that Kafka may have', async () => {
      const relay = await lead(scene)
      await commitRows(relay.opened, [key('a'), key('a')])
      await parkFirst(relay)
      const [first] = await relay.relay.listParkedMessages({}, 1)
      await relay.guarded(async (tx) => {
        await tx.insertBatch(batch(0))
        await tx.insertBatch(batch(1, { releases: [first?.id ?? ''] }))
      })
      expect(await relay.relay.discardParked({})).toEqual({ messages: 1, unblocked: 0, inFlight: 1 })
    })

    it('takes turns with a guarded transaction', async () => {
      const relay = await lead(scene)
      await commitRows(relay.opened, [key('a')])
      await parkFirst(relay)
      let discarding: Promise<unknown> = Promise.resolve()
      await relay.guarded(async (tx) => {
        discarding = relay.relay.discardParked({})
        const [first] = await relay.relay.listParkedMessages({}, 1)
        await tx.insertBatch(batch(0))
        await tx.insertBatch(batch(1, { releases: [first?.id ?? ''] }))
      })
      expect(await discarding).toEqual({ messages: 0, unblocked: 0, inFlight: 1 })
    })
  })
}
