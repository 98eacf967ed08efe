import type { ParkedPlace } from '@pigeonhole/core'
import { describe, expect, it } from 'vitest'
import { isHeldUp, type StoreScene } from '../store-scene.js'
import {
  inbox,
  key,
  message,
  offsets,
  park,
  parkBehind,
  place,
  read,
  remove,
  terms,
  verdicts,
  within,
} from './parking-scene.js'

/** What is put aside is handled in its order, and then its key is free. */
export function describeParkedHandling<Tx>(scene: StoreScene<Tx>): void {
  describe('a parked message', () => {
    it('stays where its handler’s transaction rolls back', async () => {
      const opened = await scene.open()
      await park(opened)
      const { tx, rollback } = await opened.begin()
      await remove(opened, tx)
      await rollback()
      expect(await read(opened)).toBeDefined()
    })

    it('is handled by one at a time: the second waits, and finds what is left', async () => {
      const opened = await scene.open()
      const { parking } = opened.store
      await park(opened, offsets(1)[0])
      await parkBehind(opened, 2)
      const first = await opened.begin()
      await remove(opened, first.tx)
      const second = await opened.begin()
      const reading = parking.readDue(second.tx, inbox, place)
      expect(await isHeldUp(opened, reading)).toBe(true)
      await first.commit()
      expect((await reading)?.message.offset).toBe(2n)
      await second.rollback()
    })

    it('without a key is handled once, too', async () => {
      const opened = await scene.open()
      const { parking } = opened.store
      await park(opened, message({ key: null }))
      const at = (await parking.claimDue(inbox, terms)) as ParkedPlace
      const first = await opened.begin()
      await remove(opened, first.tx, at)
      const second = await opened.begin()
      const reading = parking.readDue(second.tx, inbox, at)
      expect(await isHeldUp(opened, reading)).toBe(true)
      await first.commit()
      expect(await reading).toBeUndefined()
      await second.rollback()
    })

    it('holds up no consumer while it is handled', async () => {
      const opened = await scene.open()
      const { parking } = opened.store
      await park(opened)
      const worker = await opened.begin()
      await remove(opened, worker.tx)
      const consumer = await opened.begin()
      expect(await verdicts(opened, consumer.tx, [key])).toEqual([{ parked: 1 }])
      await parking.parkBehind(consumer.tx, inbox, offsets(2))
      await consumer.commit()
      await worker.commit()
      expect(await parking.unblockKey(inbox, place)).toBe(false)
      expect((await read(opened))?.message.offset).toBe(2n)
    })

    it.each([
      ['unblocks its key', [key]],
      ['unblocks the key of several', [key, key]],
    ])('%s when it was the last, and nobody is about to park more', async (_, keys) => {
      const opened = await scene.open()
      const { parking } = opened.store
      await park(opened)
      expect(await parking.unblockKey(inbox, place)).toBe(false)
      await within(opened, (tx) => remove(opened, tx))
      const consumer = await opened.begin()
      expect(await verdicts(opened, consumer.tx, keys)).toEqual(keys.map(() => ({ parked: 0 })))
      await parking.parkBehind(consumer.tx, inbox, offsets(2))
      // It does not wait for the consumer, which is still at it.
      expect(await parking.unblockKey(inbox, place)).toBe(false)
      await consumer.commit()
      await within(opened, (tx) => remove(opened, tx))
      expect(await parking.unblockKey(inbox, place)).toBe(true)
      expect(await parking.unblockKey(inbox, place)).toBe(false)
      expect(await within(opened, (tx) => verdicts(opened, tx, [key]))).toEqual(['new'])
    })
  })
}
