import { originCursor } from '@pigeonhole/core'
import { describe, expect, it } from 'vitest'
import { bytes, commitRows, row, type StoreScene } from '../../store-scene.js'
import { halves, idsOf, lead, oneShard, takeOver } from '../relay-scene.js'
import { closeAt } from '../shard-changes.js'
import { atOnce, key, later, missing, parkFirst, reason, releases, wide } from './parking-scene.js'

/** Topics that take nothing for a while. */
export function describePausedTopics<Tx>(scene: StoreScene<Tx>): void {
  describe('a paused topic', () => {
    it('holds its messages, whatever their keys, and no others', async () => {
      const relay = await lead(scene)
      const ids = await commitRows(relay.opened, [key('a'), row({ topic: 'other' }), row({ key: null })])
      const { rows } = await relay.readPage(originCursor)
      await relay.guarded((tx) => tx.pauseTopic('topic', missing, later))
      const moved = await relay.guarded((tx) => tx.parkBlocked(rows))
      expect(rows.filter(({ seq }) => !moved.has(seq)).map(({ id }) => id)).toEqual([ids[1]])
      expect(await relay.relay.listParking()).toMatchObject([
        { kind: 'topic', topic: 'topic', messages: 2, errorCode: 'TOPIC_MISSING', attempts: 1 },
      ])
      expect((await relay.relay.readStatus()).parking).toMatchObject({
        keys: 0,
        messages: 2,
        pausedTopics: [{ shard: 0, topic: 'topic', errorCode: 'TOPIC_MISSING', attempts: 1 }],
      })
    })

    it('rests longer from attempt to attempt, up to a limit', async () => {
      const { guarded } = await lead(scene)
      const pause = () => guarded((tx) => tx.pauseTopic('topic', missing, { initialMs: 100, maxMs: 350 }))
      const rests = [await pause(), await pause(), await pause(), await pause()]
      expect(rests.map(Math.round)).toEqual([100, 200, 350, 350])
    })

    it('is tried again when its time has come, or an operator asks', async () => {
      const relay = await lead(scene)
      const ids = await commitRows(relay.opened, [key('a'), key('a')])
      const { rows } = await relay.readPage(originCursor)
      await relay.guarded((tx) => tx.pauseTopic('topic', missing, later))
      await relay.guarded((tx) => tx.parkBlocked(rows))
      expect(await releases(relay)).toEqual([])
      expect((await relay.relay.lookAtParking(0)).due).toBe(false)
      expect(await relay.relay.retryParked({})).toEqual({ keys: 0, messages: 0, topics: 1 })
      expect((await relay.relay.lookAtParking(0)).due).toBe(true)
      expect(await releases(relay)).toEqual(ids)
    })

    it('ends when it is due and holds nothing any more, and not before', async () => {
      const relay = await lead(scene)
      await commitRows(relay.opened, [key('a'), key('b')])
      const { rows } = await relay.readPage(originCursor)
      await relay.guarded((tx) => tx.pauseTopic('topic', missing, atOnce))
      await relay.guarded((tx) => tx.parkBlocked(rows))
      const held = await relay.guarded((tx) => tx.readReleases(wide))
      expect(held.map(({ id }) => id)).toEqual(idsOf({ rows, cursor: originCursor }))
      const apply = (places: readonly string[]) => relay.guarded((tx) => tx.applyReleases(places))
      expect(await apply([held[0]?.seq ?? ''])).toEqual([])
      expect(await apply([held[1]?.seq ?? ''])).toEqual(['topic'])
      expect(await relay.relay.lookAtParking(0)).toEqual({ parked: false, due: false })
    })

    it('holds a parked key also when that is to be sent again, and does not release it by itself', async () => {
      const relay = await lead(scene)
      const ids = await commitRows(relay.opened, [key('a'), key('a'), key('b')])
      await parkFirst(relay)
      const { rows } = await relay.readPage(originCursor)
      await relay.guarded((tx) => tx.pauseTopic('topic', missing, atOnce))
      await relay.guarded((tx) => tx.parkBlocked(rows))
      expect(await releases(relay)).toEqual([ids[2]])
      await relay.relay.retryParked({ topic: 'topic', key: bytes('a') })
      expect(await releases(relay)).toEqual([ids[2]])
      const [free] = await relay.guarded((tx) => tx.readReleases(wide))
      expect(await relay.guarded((tx) => tx.applyReleases([free?.seq ?? '']))).toEqual(['topic'])
      expect(await releases(relay)).toEqual([ids[0], ids[1]])
    })

    it('is paused again by an opening where its pause was another shard’s', async () => {
      const relay = await lead(scene)
      await commitRows(relay.opened, [key('a')])
      const { rows } = await relay.readPage(originCursor)
      await relay.guarded((tx) => tx.pauseTopic('topic', missing, later))
      await relay.guarded((tx) => tx.parkBlocked(rows))
      expect(await relay.guarded((tx) => tx.openParking())).toBe(true)
      expect((await relay.relay.readStatus()).parking.pausedTopics).toHaveLength(1)
    })

    it('is no longer paused by a shard that is retired: who has its buckets then pauses it anew', async () => {
      const relay = await lead(scene, halves)
      await commitRows(relay.opened, [row({ bucket: 200 })])
      const token = await takeOver(relay.relay, 'another', 1)
      await relay.relay.guarded({ shard: 1, token, confirmed: 0 }, async (tx) => {
        const { rows } = await tx.readPage(originCursor, wide)
        await tx.pauseTopic('topic', missing, later)
        await tx.parkBlocked(rows)
      })
      const snapshot = await relay.relay.readSnapshot()
      const closed = await closeAt(relay.relay, [0, 1], snapshot)
      expect(await relay.relay.changeShards({ closed, snapshot, ranges: oneShard })).toBe(true)
      expect(await relay.relay.listParking()).toEqual([])
      const owner = { shard: 0, token: await takeOver(relay.relay, 'owner'), confirmed: 0 }
      expect(await relay.relay.guarded(owner, (tx) => tx.openParking())).toBe(true)
      expect(await relay.relay.listParking()).toMatchObject([{ kind: 'topic', topic: 'topic', messages: 1 }])
    })

    it('with a message that is refused alone leaves its key parked', async () => {
      const relay = await lead(scene)
      await commitRows(relay.opened, [key('a'), key('a')])
      const { rows } = await relay.readPage(originCursor)
      await relay.guarded((tx) => tx.pauseTopic('topic', missing, atOnce))
      await relay.guarded((tx) => tx.parkBlocked(rows))
      const [first] = await relay.guarded((tx) => tx.readReleases(wide))
      await relay.guarded((tx) => tx.refuseRelease(first?.seq ?? '', reason))
      expect(await relay.guarded((tx) => tx.applyReleases([]))).toEqual(['topic'])
      expect(await relay.relay.listParking()).toMatchObject([{ kind: 'key', messages: 2, attempts: 1 }])
    })
  })
}
