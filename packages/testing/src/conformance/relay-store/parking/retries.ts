import { originCursor, type ParkedSelection } from '@pigeonhole/core'
import { describe, expect, it } from 'vitest'
import { bytes, commitRows, row, type StoreScene } from '../../store-scene.js'
import { batch, lead } from '../relay-scene.js'
import { key, parkFirst, reason, releases, wide } from './parking-scene.js'

/** What is parked and sent again. */
export function describeRetries<Tx>(scene: StoreScene<Tx>): void {
  describe('a retry of what is parked', () => {
    it('releases a key in the order of its messages, once an operator asks', async () => {
      const relay = await lead(scene)
      const ids = await commitRows(relay.opened, [key('a'), key('b'), key('a'), key('a')])
      await parkFirst(relay)
      expect(await releases(relay)).toEqual([])
      const follower = (await relay.relay.listParkedMessages({}, 10)).at(-1)
      expect(await relay.relay.retryParked({ ids: [follower?.id ?? ''] })).toEqual({
        keys: 1,
        messages: 0,
        topics: 0,
      })
      expect(await relay.relay.lookAtParking(0)).toEqual({ parked: true, due: true })
      expect(await releases(relay)).toEqual([ids[0], ids[2], ids[3]])
      expect(await releases(relay, { ...wide, maxRows: 2 })).toEqual([ids[0], ids[2]])
      expect(await releases(relay, { ...wide, maxBytes: 1 })).toEqual([ids[0]])
    })

    it.each<[string, ParkedSelection, number]>([
      ['everything', {}, 2],
      ['a topic', { topic: 'other' }, 1],
      ['a key', { topic: 'topic', key: bytes('a') }, 1],
      ['a key that is not parked', { topic: 'topic', key: bytes('b') }, 0],
      ['no message', { ids: [] }, 0],
    ])('is of %s', async (_, selection, keys) => {
      const relay = await lead(scene)
      await commitRows(relay.opened, [key('a'), row({ topic: 'other', key: bytes('a') })])
      await parkFirst(relay)
      await parkFirst(relay)
      expect(await relay.relay.retryParked(selection)).toEqual({ keys, messages: 0, topics: 0 })
    })

    it('keeps the key blocked until all of it is confirmed', async () => {
      const relay = await lead(scene)
      await commitRows(relay.opened, [key('a'), key('a')])
      await parkFirst(relay)
      await relay.relay.retryParked({})
      const [first] = await relay.guarded((tx) => tx.readReleases({ ...wide, maxRows: 1 }))
      await relay.guarded((tx) => tx.applyReleases([first?.seq ?? '']))
      await commitRows(relay.opened, [key('a')])
      const { rows } = await relay.readPage(originCursor)
      expect(await relay.guarded((tx) => tx.parkBlocked(rows))).toEqual(new Set(rows.map(({ seq }) => seq)))
      const rest = await relay.guarded((tx) => tx.readReleases(wide))
      expect(rest).toHaveLength(2)
      await relay.guarded((tx) => tx.applyReleases(rest.map(({ seq }) => seq)))
      expect(await relay.relay.lookAtParking(0)).toEqual({ parked: false, due: false })
      await relay.guarded((tx) => tx.applyReleases(rest.map(({ seq }) => seq)))
      await commitRows(relay.opened, [key('a')])
      const next = await relay.readPage(originCursor)
      expect(await relay.guarded((tx) => tx.parkBlocked(next.rows))).toEqual(new Set())
    })

    it('applied once more leaves a key that was blocked again as it is', async () => {
      const relay = await lead(scene)
      await commitRows(relay.opened, [key('a')])
      await parkFirst(relay)
      await relay.relay.retryParked({})
      const [first] = await relay.guarded((tx) => tx.readReleases(wide))
      await relay.guarded((tx) => tx.applyReleases([first?.seq ?? '']))
      await commitRows(relay.opened, [key('a')])
      await parkFirst(relay)
      await relay.guarded((tx) => tx.applyReleases([first?.seq ?? '']))
      expect(await relay.relay.listParking()).toMatchObject([{ kind: 'key', messages: 1 }])
    })

    it('that is refused again waits for an operator, with what follows', async () => {
      const relay = await lead(scene)
      await commitRows(relay.opened, [key('a'), key('a')])
      await parkFirst(relay)
      await relay.relay.retryParked({})
      const [first] = await relay.guarded((tx) => tx.readReleases(wide))
      await relay.guarded((tx) =>
        tx.refuseRelease(first?.seq ?? '', { code: 'RECORD_REFUSED', error: 'still' }),
      )
      expect(await releases(relay)).toEqual([])
      expect(await relay.relay.listParking()).toMatchObject([
        { kind: 'key', error: 'still', attempts: 2, messages: 2, retryAt: null },
      ])
    })

    it('of a message without a key is its own', async () => {
      const relay = await lead(scene)
      const ids = await commitRows(relay.opened, [row({ key: null }), row({ key: null })])
      await parkFirst(relay)
      await parkFirst(relay)
      const [first] = await relay.relay.listParkedMessages({}, 1)
      expect(await relay.relay.retryParked({ ids: [first?.id ?? ''] })).toEqual({
        keys: 0,
        messages: 1,
        topics: 0,
      })
      expect(await releases(relay)).toEqual([ids[0]])
      await relay.guarded((tx) => tx.refuseRelease(first?.id ?? '', reason))
      expect(await releases(relay)).toEqual([])
      expect(await relay.relay.listParking()).toMatchObject([{ attempts: 2 }, { attempts: 1 }])
    })
  })

  describe('a batch of parked messages', () => {
    it('names them', async () => {
      const { guarded } = await lead(scene)
      const batches = [batch(0), batch(1, { releases: ['7', '9007199254740993'] })]
      await guarded(async (tx) => {
        for (const each of batches) await tx.insertBatch(each)
      })
      expect((await guarded((tx) => tx.readFacts())).batches).toEqual(batches)
    })
  })
}
