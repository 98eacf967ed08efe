import type { DueMessage, ParkableMessage, ParkedPlace } from '@pigeonhole/core'
import { describe, expect, it } from 'vitest'
import { isHeldUp, ofIds, type StoreScene } from '../store-scene.js'
import type { OpenStore } from '../store-subject.js'

const inbox = 'inbox'
const key = Uint8Array.of(0x6b, 0xff, 0x00)
const failure = { code: 'NO_CUSTOMER', error: 'no such customer', attempts: 5 }
const atOnce = { failure, retryMs: 0 }
const terms = { topics: ['orders'], leaseMs: 3_600_000, backoff: { initialMs: 1, maxMs: 3_600_000 } }
const place: ParkedPlace = { topic: 'orders', key, id: null }

function message(given: Partial<ParkableMessage> = {}): ParkableMessage {
  return {
    topic: 'orders',
    partition: 3,
    offset: 2n ** 60n,
    key,
    id: { scope: '/shop', id: 'id-1' },
    headers: [
      ['twice', 'a'],
      ['twice', { base64: '/w==' }],
    ],
    payload: Uint8Array.of(0, 255, 10),
    createdAt: new Date(1_700_000_000_123),
    ...given,
  }
}

function offsets(...of: readonly number[]): ParkableMessage[] {
  return of.map((offset) => message({ offset: BigInt(offset), id: { scope: 'orders', id: `id-${offset}` } }))
}

/** What an inbox cannot handle is put aside by its key, and taken up again in its order. */
export function describeInboxParking<Tx>(scene: StoreScene<Tx>): void {
  describe('a parked message', () => {
    const within = async <R>(opened: OpenStore<Tx>, work: (tx: Tx) => Promise<R>): Promise<R> => {
      const { tx, commit } = await opened.begin()
      const result = await work(tx)
      await commit()
      return result
    }
    const park = async (
      opened: OpenStore<Tx>,
      what = message(),
      how: Parameters<OpenStore<Tx>['store']['parking']['parkFailed']>[3] = atOnce,
    ): Promise<void> => within(opened, (tx) => opened.store.parking.parkFailed(tx, inbox, what, how))
    const verdicts = (opened: OpenStore<Tx>, tx: Tx, keys: readonly (Uint8Array | null)[], by = inbox) =>
      opened.store.receiveMessages(tx, by, {
        topic: 'orders',
        range: undefined,
        messages: keys.map((given, i) => ({ id: { scope: 'orders', id: `new-${i}` }, key: given })),
      })
    const claim = async (opened: OpenStore<Tx>): Promise<ParkedPlace | undefined> => {
      const found = await opened.store.parking.claimDue(inbox, terms)
      return found && { ...found, key: found.key && Uint8Array.from(found.key) }
    }
    const read = (opened: OpenStore<Tx>, at: ParkedPlace = place): Promise<DueMessage | undefined> =>
      within(opened, (tx) => opened.store.parking.readDue(tx, inbox, at))

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
      expect(await verdicts(opened, tx, [key], 'other')).toEqual(['new'])
      const elsewhere = { topic: 'invoices', range: undefined, messages: [{ id: null, key }] }
      expect(await opened.store.receiveMessages(tx, inbox, elsewhere)).toEqual(['new'])
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

    it('has those behind it, in their order, and is counted with them', async () => {
      const opened = await scene.open()
      await park(opened, offsets(1)[0])
      await within(opened, (tx) => opened.store.parking.parkBehind(tx, inbox, offsets(2, 3)))
      await within(opened, (tx) => opened.store.parking.parkBehind(tx, inbox, offsets(4)))
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

    it('rests for ever longer after claims that nobody has ended', async () => {
      const opened = await scene.open()
      const { parking } = opened.store
      await park(opened)
      const doubling = { ...terms, leaseMs: 0, backoff: { initialMs: 1, maxMs: 2 ** 40 } }
      let claims = 0
      while (claims < 40 && (await parking.claimDue(inbox, doubling))) claims += 1
      expect(claims).toBeLessThan(40)
    })

    it('is due at once, from anew, when the one before it has been handled', async () => {
      const opened = await scene.open()
      const { parking } = opened.store
      await park(opened, offsets(1)[0])
      await within(opened, (tx) => parking.parkBehind(tx, inbox, offsets(2)))
      await parking.claimDue(inbox, terms)
      await within(opened, async (tx) => {
        const due = (await parking.readDue(tx, inbox, place)) as DueMessage
        await parking.removeDue(tx, inbox, due)
      })
      expect(await claim(opened)).toEqual(place)
      expect((await read(opened))?.message.offset).toBe(2n)
    })

    it('stays where its handler’s transaction rolls back', async () => {
      const opened = await scene.open()
      const { parking } = opened.store
      await park(opened)
      const { tx, rollback } = await opened.begin()
      await parking.removeDue(tx, inbox, (await parking.readDue(tx, inbox, place)) as DueMessage)
      await rollback()
      expect(await read(opened)).toBeDefined()
    })

    it('is handled by one at a time: the second waits, and finds what is left', async () => {
      const opened = await scene.open()
      const { parking } = opened.store
      await park(opened, offsets(1)[0])
      await within(opened, (tx) => parking.parkBehind(tx, inbox, offsets(2)))
      const first = await opened.begin()
      const due = (await parking.readDue(first.tx, inbox, place)) as DueMessage
      await parking.removeDue(first.tx, inbox, due)
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
      await parking.removeDue(first.tx, inbox, (await parking.readDue(first.tx, inbox, at)) as DueMessage)
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
      await parking.removeDue(
        worker.tx,
        inbox,
        (await parking.readDue(worker.tx, inbox, place)) as DueMessage,
      )
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
      await within(opened, async (tx) =>
        parking.removeDue(tx, inbox, (await parking.readDue(tx, inbox, place)) as DueMessage),
      )
      const consumer = await opened.begin()
      expect(await verdicts(opened, consumer.tx, keys)).toEqual(keys.map(() => ({ parked: 0 })))
      await parking.parkBehind(consumer.tx, inbox, offsets(2))
      // It does not wait for the consumer, which is still at it.
      expect(await parking.unblockKey(inbox, place)).toBe(false)
      await consumer.commit()
      await within(opened, async (tx) =>
        parking.removeDue(tx, inbox, (await parking.readDue(tx, inbox, place)) as DueMessage),
      )
      expect(await parking.unblockKey(inbox, place)).toBe(true)
      expect(await parking.unblockKey(inbox, place)).toBe(false)
      expect(await within(opened, (tx) => verdicts(opened, tx, [key]))).toEqual(['new'])
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

    it('does not count a claim that is given back', async () => {
      const opened = await scene.open()
      const { parking } = opened.store
      await park(opened, message({ key: null }))
      const at = (await parking.claimDue(inbox, terms)) as ParkedPlace
      expect(await read(opened, at)).toMatchObject({ attempts: 6 })
      await parking.returnClaim(inbox, at)
      expect(await read(opened, at)).toMatchObject({ attempts: 5 })
    })
  })
}

// Bytes of any class of bytes are equal.
function plain(one: ParkableMessage | undefined): unknown {
  const hex = (bytes: Uint8Array | null | undefined): string | null =>
    bytes ? Buffer.from(bytes).toString('hex') : null
  return { ...one, key: hex(one?.key), payload: hex(one?.payload) }
}
