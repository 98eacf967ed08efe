import type { ParkableMessage, ParkedPlace, ReceivedMessage } from '@pigeonhole/core'
import { describe, expect, it } from 'vitest'
import { longKey, ofIds, type StoreScene } from '../store-scene.js'
import {
  claim,
  inbox,
  key,
  message,
  offsets,
  park,
  parkBehind,
  place,
  read,
  terms,
  verdicts,
  within,
} from './parking-scene.js'

/** What an inbox cannot handle is put aside by its key. */
export function describeInboxParking<Tx>(scene: StoreScene<Tx>): void {
  describe('a parked message', () => {
    it('blocks its key, and nothing else, and ids of what is blocked are not remembered', async () => {
      const opened = await scene.open()
      await park(opened)
      const other = Uint8Array.of(0x6b, 0xff)
      const { tx, commit } = await opened.begin()
      expect(await verdicts(opened, tx, [key, null, other, key])).toEqual([
        { parked: 1 },
        'new',
        'new',
        { parked: 1 },
      ])
      const known = ['new-0', 'new-1', 'new-2', 'new-3'].map((id) => ({ scope: 'orders', id }))
      expect(await opened.store.receiveMessages(tx, inbox, ofIds(known))).toEqual([
        'new',
        'known',
        'known',
        'new',
      ])
      const elsewhere = { topic: 'invoices', range: undefined, messages: [{ id: null, key }] }
      expect(await opened.store.receiveMessages(tx, inbox, elsewhere)).toEqual(['new'])
      const messages = [{ id: { scope: 'orders', id: 'new-0' }, key }]
      const others = { topic: 'orders', range: undefined, messages }
      expect(await opened.store.receiveMessages(tx, 'other', others)).toEqual(['new'])
      await commit()
    })

    it('blocks a message that comes alone, whose id is not remembered', async () => {
      const opened = await scene.open()
      await park(opened)
      const { tx, commit } = await opened.begin()
      expect(await verdicts(opened, tx, [key])).toEqual([{ parked: 1 }])
      expect(await verdicts(opened, tx, [null])).toEqual(['new'])
      expect(await verdicts(opened, tx, [null])).toEqual(['known'])
      await commit()
    })

    it('leaves a repeat one of what was handled before its key was blocked', async () => {
      const opened = await scene.open()
      const [known, other] = ['known', 'other'].map((id) => ({ id: { scope: 'orders', id }, key })) as [
        ReceivedMessage,
        ReceivedMessage,
      ]
      const receive = (...messages: readonly ReceivedMessage[]) =>
        within(opened, (tx) =>
          opened.store.receiveMessages(tx, inbox, { topic: 'orders', range: undefined, messages }),
        )
      expect(await receive(known)).toEqual(['new'])
      await park(opened)
      expect(await receive(known)).toEqual(['known'])
      expect(await receive(other)).toEqual([{ parked: 1 }])
      expect(await receive(other, known, { id: null, key })).toEqual([{ parked: 1 }, 'known', { parked: 1 }])
    })

    it('is read again byte for byte', async () => {
      const opened = await scene.open()
      const bare = { partition: null, offset: null, id: null, headers: [], payload: null, createdAt: null }
      await park(opened)
      expect(await claim(opened)).toEqual(place)
      const due = await read(opened)
      expect(due).toMatchObject({ attempts: 5, isLast: true })
      expect(plain(due?.message)).toEqual(plain(message()))
      await park(opened, message({ ...bare, key: null }))
      const found = (await opened.store.parking.claimDue(inbox, terms)) as ParkedPlace
      expect(found).toEqual({ topic: 'orders', key: null, id: expect.any(String) })
      expect(plain((await read(opened, found))?.message)).toEqual(plain(message({ ...bare, key: null })))
    })

    it('keeps a time of far ahead, as a producer makes of microseconds', async () => {
      const opened = await scene.open()
      const ahead = message({ createdAt: new Date(1_700_000_000_000_000) })
      await park(opened, ahead)
      expect((await read(opened))?.message.createdAt).toEqual(ahead.createdAt)
    })

    it('may have a key of any length, and blocks no other one', async () => {
      const opened = await scene.open()
      const at = { ...place, key: longKey(1) }
      await park(opened, message({ key: at.key }))
      await within(opened, (tx) =>
        opened.store.parking.parkBehind(tx, inbox, [message({ key: at.key, offset: 2n ** 60n + 1n })]),
      )
      await within(opened, async (tx) => {
        const alike = [longKey(1), longKey(2), key]
        expect(await verdicts(opened, tx, alike)).toEqual([{ parked: 2 }, 'new', 'new'])
        expect(await verdicts(opened, tx, [at.key])).toEqual([{ parked: 2 }])
      })
      expect(await claim(opened)).toEqual(at)
      expect(plain((await read(opened, at))?.message)).toEqual(plain(message({ key: at.key })))
    })

    it('has those behind it, in their order, and is counted with them', async () => {
      const opened = await scene.open()
      await park(opened, offsets(1)[0])
      await parkBehind(opened, 2, 3)
      await parkBehind(opened, 4)
      const seen: unknown[] = []
      for (let due = await read(opened); due; due = await read(opened)) {
        const oldest = due
        seen.push([oldest.message.offset, oldest.attempts, oldest.isLast])
        const { tx, commit } = await opened.begin()
        const [verdict] = (await verdicts(opened, tx, [key])) ?? []
        expect(verdict).toEqual({ parked: 5 - seen.length })
        await opened.store.parking.readDue(tx, inbox, place)
        await opened.store.parking.removeDue(tx, inbox, oldest)
        await commit()
      }
      expect(seen).toEqual([
        [1n, 5, false],
        [2n, 0, false],
        [3n, 0, false],
        [4n, 0, true],
      ])
    })
  })
}

// Bytes of any class of bytes are equal.
function plain(one: ParkableMessage | undefined): unknown {
  const hex = (bytes: Uint8Array | null | undefined): string | null =>
    bytes ? Buffer.from(bytes).toString('hex') : null
  return { ...one, key: hex(one?.key), payload: hex(one?.payload) }
}
