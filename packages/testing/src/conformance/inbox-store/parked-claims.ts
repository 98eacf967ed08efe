import { type DueMessage, type InboxParkingStore, mostStarts, type ParkedPlace } from '@pigeonhole/core'
import { describe, expect, it } from 'vitest'
import type { StoreScene } from '../store-scene.js'
import {
  claim,
  claimKiller,
  failure,
  inbox,
  message,
  offsets,
  park,
  parkBehind,
  place,
  read,
  remove,
  terms,
  within,
} from './parking-scene.js'

/** What is put aside is due again, to one at a time. */
export function describeParkedClaims<Tx>(scene: StoreScene<Tx>): void {
  describe('a parked message', () => {
    it('is claimed by one, when it is due, of a topic that there is a handler for', async () => {
      const opened = await scene.open()
      const { parking } = opened.store
      await park(opened, message({ topic: 'invoices' }))
      await park(opened, message({ key: Uint8Array.of(1) }), { failure, retryMs: 3_600_000 })
      await park(opened, message({ key: Uint8Array.of(2) }), { failure, retryMs: null })
      await park(opened, message({ key: null }), { failure, retryMs: null })
      expect(await parking.claimDue(inbox, terms)).toBeUndefined()
      await park(opened)
      expect(await parking.claimDue('other', terms)).toBeUndefined()
      const claims = await Promise.all([claim(opened), claim(opened)])
      expect(claims.filter((claim) => claim !== undefined)).toEqual([place])
    })

    it('waits for an operator after claims that nobody has ended, of which all but the first are alone', async () => {
      const opened = await scene.open()
      const { parking } = opened.store
      for (const parked of [place.key, null]) {
        await park(opened, message({ key: parked }))
        const again = { ...terms, leaseMs: 0, backoff: { initialMs: 0, maxMs: 0 } }
        const beside = { ...again, alone: false }
        expect(await parking.claimDue(inbox, beside)).toBeTypeOf('object')
        expect(await parking.claimDue(inbox, beside)).toBe('suspect')
        for (let start = 1; start < mostStarts; start += 1)
          expect(await parking.claimDue(inbox, again)).toHaveProperty('topic')
        expect((await claimKiller(opened, { ...again, alone: false })).starts).toBe(mostStarts + 1)
        expect(await parking.claimDue(inbox, again)).toBeUndefined()
      }
      if (!isOperated(opened.store)) return
      const groups = await opened.store.listInboxParking(inbox)
      expect(groups.map(({ errorCode }) => errorCode)).toEqual(Array(2).fill('MESSAGE_KILLS_PROCESS'))
    })

    it('that has killed its processes has one start more, alone, each time that an operator says so', async () => {
      const opened = await scene.open()
      const { parking } = opened.store
      await park(opened, message(), { failure: { ...failure, code: 'MESSAGE_KILLS_PROCESS' }, retryMs: null })
      if (!isOperated(opened.store)) return
      const again = { ...terms, leaseMs: 0, backoff: { initialMs: 0, maxMs: 0 } }
      for (let time = 0; time < 2; time += 1) {
        await opened.store.retryInboxParked({ inbox })
        expect(await parking.claimDue(inbox, { ...again, alone: false })).toBe('suspect')
        expect(await parking.claimDue(inbox, again)).toHaveProperty('topic')
        await claimKiller(opened, again)
        expect(await parking.claimDue(inbox, again)).toBeUndefined()
      }
    })

    it('that has killed its processes is claimed as that until it is noted, and no more when an operator has it tried', async () => {
      const opened = await scene.open()
      const { parking } = opened.store
      const again = { ...terms, leaseMs: 0, backoff: { initialMs: 0, maxMs: 0 } }
      for (const parked of [place.key, null]) {
        await park(opened, message({ key: parked }))
        for (let start = 0; start < mostStarts; start += 1)
          expect(await parking.claimDue(inbox, again)).toHaveProperty('topic')
        for (let time = 0; time < 2; time += 1)
          expect(await parking.claimDue(inbox, again)).toHaveProperty('killer.key')
        if (!isOperated(opened.store)) return
        await opened.store.retryInboxParked({ inbox })
        const at = (await parking.claimDue(inbox, again)) as ParkedPlace
        expect(await read(opened, at)).toMatchObject({ starts: mostStarts })
        await within(opened, (tx) => remove(opened, tx, at))
        if (parked) await parking.unblockKey(inbox, at)
      }
    })

    it('that fails, or is given back, has ended its start', async () => {
      const opened = await scene.open()
      const { parking } = opened.store
      await park(opened)
      const again = { ...terms, leaseMs: 0, backoff: { initialMs: 0, maxMs: 0 }, alone: false }
      const due = (await read(opened)) as DueMessage
      for (let time = 0; time < 3; time += 1) {
        expect(await parking.claimDue(inbox, again)).toBeTypeOf('object')
        await parking.returnClaim(inbox, place)
        expect(await parking.claimDue(inbox, again)).toBeTypeOf('object')
        await within(opened, (tx) => parking.noteFailure(tx, inbox, due, { ...failure, waits: false }))
      }
    })

    it('that fails has killed nobody, however many processes have ended before that while it was handled', async () => {
      const opened = await scene.open()
      const { parking } = opened.store
      for (const parked of [place.key, null]) {
        await park(opened, message({ key: parked }))
        const again = { ...terms, leaseMs: 0, backoff: { initialMs: 0, maxMs: 0 } }
        for (let time = 0; time < mostStarts; time += 1) {
          expect(await parking.claimDue(inbox, { ...again, alone: false })).toBeTypeOf('object')
          const at = (await parking.claimDue(inbox, again)) as ParkedPlace
          const due = (await read(opened, at)) as DueMessage
          await within(opened, (tx) => parking.noteFailure(tx, inbox, due, { ...failure, waits: false }))
        }
        const at = (await parking.claimDue(inbox, again)) as ParkedPlace
        const due = (await read(opened, at)) as DueMessage
        await within(opened, (tx) => parking.noteFailure(tx, inbox, due, { ...failure, waits: true }))
      }
    })

    it('is due at once, from anew, when the one before it has been handled', async () => {
      const opened = await scene.open()
      const { parking } = opened.store
      await park(opened, offsets(1)[0])
      await parkBehind(opened, 2)
      await parking.claimDue(inbox, terms)
      await within(opened, (tx) => remove(opened, tx))
      expect(await claim(opened)).toEqual(place)
      expect((await read(opened))?.message.offset).toBe(2n)
    })

    it('is due at once, and not tried yet, where a claim has found nothing before it was parked', async () => {
      const opened = await scene.open()
      const { parking } = opened.store
      await park(opened)
      await within(opened, (tx) => remove(opened, tx))
      // More often than a key may be claimed without an end.
      for (let time = 0; time <= mostStarts; time += 1) {
        expect(await claim(opened)).toEqual(place)
        expect(await read(opened)).toBeUndefined()
        await parking.leaveKey(inbox, place)
      }
      await parkBehind(opened, 2)
      expect(await claim(opened)).toEqual(place)
      expect((await read(opened))?.message.offset).toBe(2n)
    })

    it('does not count a claim that is given back', async () => {
      const opened = await scene.open()
      const { parking } = opened.store
      await park(opened, message({ key: null }))
      const at = (await parking.claimDue(inbox, terms)) as ParkedPlace
      expect(await read(opened, at)).toMatchObject({ attempts: 6 })
      await parking.returnClaim(inbox, at)
      expect(await read(opened, at)).toMatchObject({ attempts: 5 })
    })

    it('that has failed again keeps its place, and waits where that is asked for', async () => {
      const opened = await scene.open()
      const { parking } = opened.store
      await park(opened)
      const due = (await read(opened)) as DueMessage
      const note = (attempts: number, waits: boolean): Promise<void> =>
        within(opened, (tx) => parking.noteFailure(tx, inbox, due, { ...failure, attempts, waits }))
      await note(6, false)
      expect(await read(opened)).toMatchObject({ place: due.place, attempts: 6 })
      await note(7, true)
      expect(await parking.claimDue(inbox, terms)).toBeUndefined()
      expect(await read(opened)).toMatchObject({ place: due.place, attempts: 7 })
    })
  })
}

function isOperated<S extends object>(store: S): store is S & InboxParkingStore {
  return 'listInboxParking' in store
}
