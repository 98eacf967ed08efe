import type { DueMessage, InboxParkingStore, ParkableMessage } from '@pigeonhole/core'
import { describe, expect, it } from 'vitest'
import { longKey, ofIds, type StoreScene } from '../store-scene.js'
import type { OpenStore } from '../store-subject.js'
import { claim, failure, inbox, key, place, terms, within } from './parking-scene.js'

const waiting = { failure, retryMs: null }
const nothing = { messages: 0, unblocked: 0, busy: 0, behind: [] }

function message(offset: number, given: Partial<ParkableMessage> = {}): ParkableMessage {
  const id = { scope: 'orders', id: `id-${offset}` }
  const headers: ParkableMessage['headers'] = [['h', 'a']]
  const rest = { headers, payload: Uint8Array.of(0, 255), createdAt: new Date(1_700_000_000_123) }
  return { topic: 'orders', partition: 3, offset: BigInt(offset), key, id, ...rest, ...given }
}

/** What operators do with what an inbox has parked. */
export function describeOperatingInboxParking<Tx>(scene: StoreScene<Tx>): void {
  describe('an operator of parked messages', () => {
    const park = (opened: OpenStore<Tx>, what: ParkableMessage, by = inbox): Promise<void> =>
      within(opened, (tx) => opened.store.parking.parkFailed(tx, by, what, waiting))
    /** Two of a key, one without a key, and one of another inbox. */
    const parkSome = async (): Promise<{ opened: OpenStore<Tx>; operator: InboxParkingStore }> => {
      const opened = await scene.open()
      await park(opened, message(1))
      await within(opened, (tx) => opened.store.parking.parkBehind(tx, inbox, [message(2)]))
      await park(opened, message(3, { key: null, id: null }))
      await park(opened, message(4), 'other')
      return { opened, operator: operatorOf(opened) }
    }
    const verdict = (opened: OpenStore<Tx>, offset: number) =>
      within(opened, (tx) => {
        const messages = [{ id: { scope: 'orders', id: `id-${offset}` }, key }]
        return opened.store.receiveMessages(tx, inbox, { topic: 'orders', range: undefined, messages })
      })
    const offsetsOf = async (operator: InboxParkingStore) =>
      (await operator.listInboxParkedMessages({ inbox }, 10)).map(({ offset }) => offset)

    it('sees keys, and messages without a key, of one inbox', async () => {
      const { operator } = await parkSome()
      const groups = await operator.listInboxParking(inbox)
      const why = { errorCode: 'NO_CUSTOMER', error: 'no such customer', retryAt: null }
      expect(groups.map((group) => ({ ...group, key: group.key && [...group.key] }))).toMatchObject([
        { kind: 'key', topic: 'orders', key: [...key], messages: 2, attempts: 0, ...why },
        { kind: 'message', topic: 'orders', key: null, messages: 1, attempts: 5, ...why },
      ])
      expect(await operator.listInboxParking('none')).toEqual([])
    })

    it('sees each message, and all of it when it is asked for', async () => {
      const { operator } = await parkSome()
      const all = await operator.listInboxParkedMessages({ inbox }, 10)
      expect(all).toMatchObject([
        { messageId: 'id-1', partition: 3, offset: 1n, errorCode: 'NO_CUSTOMER', attempts: 5 },
        { messageId: 'id-2', offset: 2n, errorCode: null, attempts: 0 },
        { messageId: null, offset: 3n, key: null },
      ])
      for (const one of all) expect(one).not.toHaveProperty('payload')
      const first = all[0]?.id ?? ''
      const shown = await operator.readInboxParkedMessage(inbox, first)
      expect(shown).toMatchObject({ createdAt: '2023-11-14T22:13:20.123Z', headers: [['h', 'a']] })
      expect([...(shown?.payload ?? [])]).toEqual([0, 255])
      expect(await operator.readInboxParkedMessage('other', first)).toBeNull()
      const some = await operator.listInboxParkedMessages({ inbox, key, topic: 'orders' }, 1)
      expect(some.map(({ offset }) => offset)).toEqual([1n])
      expect(await operator.listInboxParkedMessages({ inbox, topic: 'none' }, 10)).toEqual([])
    })

    it('has them handled again', async () => {
      const { opened, operator } = await parkSome()
      const { parking } = opened.store
      expect(await parking.claimDue(inbox, terms)).toBeUndefined()
      expect(await operator.retryInboxParked({ inbox })).toEqual({ keys: 1, messages: 1, busy: 0 })
      const claimed = [await claim(opened), await claim(opened)]
      expect(claimed.map((one) => one?.key && [...one.key])).toEqual([[...key], null])
      expect(await parking.claimDue(inbox, terms)).toBeUndefined()
      expect(await parking.claimDue('other', terms)).toBeUndefined()
    })

    it('discards messages, whose ids are known then, and unblocks the key with the last', async () => {
      const { opened, operator } = await parkSome()
      const [first] = await operator.listInboxParkedMessages({ inbox, key }, 1)
      const one = { inbox, ids: [first?.id ?? ''] }
      const behind = [{ topic: 'orders', key: expect.anything(), messages: 1, retryAt: null }]
      expect(await operator.discardInboxParked(one)).toEqual({ ...nothing, messages: 1, behind })
      expect(await operator.discardInboxParked(one)).toEqual(nothing)
      expect(await verdict(opened, 9)).toEqual([{ parked: 1 }])
      expect(await operator.discardInboxParked({ inbox })).toEqual({ ...nothing, messages: 2, unblocked: 1 })
      expect(await offsetsOf(operator)).toEqual([])
      const known = ofIds([1, 2, 9].map((offset) => ({ scope: 'orders', id: `id-${offset}` })))
      const verdicts = await within(opened, (tx) => opened.store.receiveMessages(tx, inbox, known))
      expect(verdicts).toEqual(['known', 'known', 'new'])
      expect(await operator.listInboxParkedMessages({ inbox: 'other' }, 10)).toHaveLength(1)
    })

    it('is told what waits behind the oldest of a key, and of that alone', async () => {
      const opened = await scene.open()
      const operator = operatorOf(opened)
      const other = longKey(1)
      await park(opened, message(1))
      const byItself = { failure, retryMs: 60_000 }
      await within(opened, (tx) =>
        opened.store.parking.parkFailed(tx, inbox, message(2, { key: other }), byItself),
      )
      const follow = [message(3), message(4), message(5), message(6, { key: other })]
      await within(opened, (tx) => opened.store.parking.parkBehind(tx, inbox, follow))
      const ids = (await operator.listInboxParkedMessages({ inbox }, 10)).map(({ id }) => id)
      const discard = async (...indices: readonly number[]) => {
        const discarded = await operator.discardInboxParked({
          inbox,
          ids: indices.map((index) => ids[index] ?? ''),
        })
        return discarded.behind.map(({ key, ...rest }) => ({ ...rest, key: [...key] }))
      }
      expect(await discard(3)).toEqual([])
      expect(await discard(0, 1)).toEqual([
        { topic: 'orders', key: [...key], messages: 2, retryAt: null },
        { topic: 'orders', key: [...other], messages: 1, retryAt: expect.stringMatching(/^\d{4}-.*Z$/) },
      ])
      expect(await discard(2, 4)).toEqual([])
    })

    it('finds what is meant by a key of any length', async () => {
      const { opened, operator } = await parkSome()
      const [key, other] = [longKey(1), longKey(2)]
      await park(opened, message(5, { key }))
      await park(opened, message(6, { key: other }))
      expect(await operator.retryInboxParked({ inbox, key })).toMatchObject({ keys: 1, messages: 0 })
      expect(await operator.discardInboxParked({ inbox, key })).toEqual({
        ...nothing,
        messages: 1,
        unblocked: 1,
      })
      expect(await offsetsOf(operator)).toEqual([1n, 2n, 3n, 6n])
    })

    it('leaves to its worker what is being handled, and does not wait for it', async () => {
      const { opened, operator } = await parkSome()
      const worker = await opened.begin()
      const due = (await opened.store.parking.readDue(worker.tx, inbox, place)) as DueMessage
      expect(await operator.retryInboxParked({ inbox })).toEqual({ keys: 0, messages: 1, busy: 1 })
      expect(await operator.discardInboxParked({ inbox })).toEqual({ ...nothing, messages: 1, busy: 2 })
      await opened.store.parking.removeDue(worker.tx, inbox, due)
      await worker.commit()
      expect(await offsetsOf(operator)).toEqual([2n])
    })

    it('leaves alone what is being handled that has no key', async () => {
      const { opened, operator } = await parkSome()
      const alone = (await operator.listInboxParkedMessages({ inbox }, 10))[2]?.id ?? ''
      const worker = await opened.begin()
      await opened.store.parking.readDue(worker.tx, inbox, { topic: 'orders', key: null, id: alone })
      const selection = { inbox, ids: [alone] }
      expect(await operator.retryInboxParked(selection)).toEqual({ keys: 0, messages: 0, busy: 1 })
      expect(await operator.discardInboxParked(selection)).toEqual({ ...nothing, busy: 1 })
      await worker.rollback()
    })

    it.each([
      ['that is parked already', false],
      ['that a consumer is about to park', true],
    ])('discards what has killed processes, and blames nobody behind it, %s', async (_, isAboutTo) => {
      const opened = await scene.open()
      const operator = operatorOf(opened)
      const { parking } = opened.store
      const kills = { failure: { ...failure, code: 'MESSAGE_KILLS_PROCESS' }, retryMs: null }
      await within(opened, (tx) => parking.parkFailed(tx, inbox, message(1), kills))
      const [killer] = await operator.listInboxParkedMessages({ inbox }, 1)
      const consumer = await opened.begin()
      const messages = [{ id: null, key }]
      await opened.store.receiveMessages(consumer.tx, inbox, { topic: 'orders', range: undefined, messages })
      await parking.parkBehind(consumer.tx, inbox, [message(2)])
      if (!isAboutTo) await consumer.commit()
      expect(await operator.discardInboxParked({ inbox, ids: [killer?.id ?? ''] })).toMatchObject({
        messages: 1,
      })
      if (isAboutTo) await consumer.commit()
      await operator.retryInboxParked({ inbox })
      const claimed = await parking.claimDue(inbox, { ...terms, alone: false })
      expect(claimed).toMatchObject({ topic: 'orders' })
      expect(await offsetsOf(operator)).toEqual([2n])
    })

    it('does not unblock a key of which a consumer is about to park more', async () => {
      const { opened, operator } = await parkSome()
      const consumer = await opened.begin()
      const messages = [{ id: null, key }]
      const received = { topic: 'orders', range: undefined, messages }
      await opened.store.receiveMessages(consumer.tx, inbox, received)
      expect(await operator.discardInboxParked({ inbox, key })).toEqual({ ...nothing, messages: 2 })
      await opened.store.parking.parkBehind(consumer.tx, inbox, [message(5)])
      await consumer.commit()
      // Nothing is before it any more: it is due.
      const claimed = await claim(opened)
      expect(claimed?.key && [...claimed.key]).toEqual([...key])
      expect(await offsetsOf(operator)).toEqual([3n, 5n])
    })
  })
}

function operatorOf<Tx>({ store }: OpenStore<Tx>): InboxParkingStore {
  if (!('discardInboxParked' in store)) throw new Error('The store has no InboxParkingStore')
  return store as InboxParkingStore
}
