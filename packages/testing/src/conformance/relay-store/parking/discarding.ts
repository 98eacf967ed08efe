import { originCursor, type ParkedSelection } from '@pigeonhole/core'
import { describe, expect, it } from 'vitest'
import { bytes, commitRows, row, type StoreScene } from '../../store-scene.js'
import { batch, lead } from '../relay-scene.js'
import { key, later, missing, parkFirst, releases } from './parking-scene.js'

const nothing = { messages: 0, unblocked: 0, inFlight: 0, behind: [] }

/** What an operator gives up. */
export function describeDiscarding<Tx>(scene: StoreScene<Tx>): void {
  describe('discarding what is parked', () => {
    it('deletes messages, and unblocks the keys of which nothing is left', async () => {
      const relay = await lead(scene)
      await commitRows(relay.opened, [key('a'), key('a')])
      await parkFirst(relay)
      const [first] = await relay.relay.listParkedMessages({}, 1)
      const discard = (selection: ParkedSelection) => relay.relay.discardParked(selection)
      const behind = [{ topic: 'topic', key: expect.anything(), messages: 1, retryAt: null }]
      expect(await discard({ ids: [first?.id ?? ''] })).toEqual({ ...nothing, messages: 1, behind })
      expect(await discard({})).toEqual({ ...nothing, messages: 1, unblocked: 1 })
      expect(await relay.relay.listParking()).toEqual([])
    })

    it('tells what waits behind the oldest of a key, and of that alone', async () => {
      const relay = await lead(scene)
      const other = row({ topic: 'other', key: bytes('a') })
      await commitRows(relay.opened, [
        key('a'),
        other,
        key('a'),
        key('a'),
        key('a'),
        other,
        key('b'),
        key('b'),
      ])
      for (let parked = 0; parked < 3; parked += 1) await parkFirst(relay)
      const places = (await relay.relay.listParkedMessages({}, 10)).map(({ id }) => id)
      const discard = async (...indices: readonly number[]) => {
        const ids = indices.map((index) => places[index] ?? '')
        const { behind } = await relay.relay.discardParked({ ids })
        return behind.map(({ topic, key, messages, retryAt }) => [
          topic,
          String(Buffer.from(key)),
          messages,
          retryAt,
        ])
      }
      // By their places: four of a, two of the same key of another topic, two of b.
      const [a, sameKey, b] = [
        [0, 1, 2, 3],
        [4, 5],
        [6, 7],
      ] as const
      expect(await discard(a[2])).toEqual([])
      expect(await discard(b[1])).toEqual([])
      expect(await discard(a[0], sameKey[0])).toEqual([
        ['topic', 'a', 2, null],
        ['other', 'a', 1, null],
      ])
      await relay.relay.retryParked({ key: bytes('a'), topic: 'topic' })
      expect(await discard(a[1])).toEqual([['topic', 'a', 1, expect.stringMatching(/^\d{4}-.*Z$/)]])
      expect(await releases(relay)).toHaveLength(1)
    })

    it('tells nothing of what waits behind one that a batch holds, or a pause', async () => {
      const relay = await lead(scene)
      await commitRows(relay.opened, [key('a'), key('a'), key('a')])
      await parkFirst(relay)
      await commitRows(relay.opened, [
        row({ topic: 'other', key: bytes('p') }),
        row({ topic: 'other', key: bytes('p') }),
      ])
      const { rows } = await relay.readPage(originCursor)
      await relay.guarded((tx) => tx.pauseTopic('other', missing, later))
      await relay.guarded((tx) => tx.parkBlocked(rows))
      const [first, second, , paused] = await relay.relay.listParkedMessages({}, 10)
      await relay.guarded(async (tx) => {
        await tx.insertBatch(batch(0))
        await tx.insertBatch(batch(1, { releases: [first?.id ?? ''] }))
      })
      const ids = [first, second, paused].map((one) => one?.id ?? '')
      expect(await relay.relay.discardParked({ ids })).toEqual({ ...nothing, messages: 2, inFlight: 1 })
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
      expect(await relay.relay.discardParked({})).toEqual({ ...nothing, messages: 1, inFlight: 1 })
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
      expect(await discarding).toEqual({ ...nothing, inFlight: 1 })
    })
  })
}
