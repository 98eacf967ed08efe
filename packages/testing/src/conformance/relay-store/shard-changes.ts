import {
  type BucketRange,
  type ClosedShard,
  originCursor,
  type PageBounds,
  type RelayStore,
} from '@pigeonhole/core'
import { describe, expect, it } from 'vitest'
import { commitRows, isHeldUp, row, type StoreScene } from '../store-scene.js'
import { batch, halves, idsOf, lead, oneShard, type RelayScene } from './relay-scene.js'

const bounds: PageBounds = { maxRows: 10, maxBytes: 1_000_000 }
const thirds: readonly BucketRange[] = [
  { first: 0, last: 84 },
  { first: 85, last: 169 },
  { first: 170, last: 255 },
]

/** Takes shards by force, as an operator's command does. Resolves to their tokens. */
async function seize(relay: RelayStore, shards: readonly number[]): Promise<string[]> {
  const tokens = shards.map((shard) => `token-of-${shard}`)
  for (const [index, shard] of shards.entries()) {
    await relay.seizeLease({ shard, holder: 'operator' })
    await relay.changeToken({ shard, holder: 'operator', token: tokens[index] as string })
  }
  return tokens
}

/** Inserts batch `number` of each shard at the snapshot, and tells what a change of the map is told. */
export async function closeAt(
  relay: RelayStore,
  shards: readonly number[],
  snapshot: string,
  number = 0,
): Promise<ClosedShard[]> {
  const tokens = await seize(relay, shards)
  const closed = shards.map((shard, index) => ({ shard, token: tokens[index] as string, confirmed: number }))
  for (const { shard, token } of closed) {
    const cursor = { ...originCursor, from: snapshot }
    await relay.guarded({ shard, token, confirmed: 0 }, (tx) => tx.insertBatch(batch(number, { cursor })))
  }
  return closed
}

/** The map of shards changes as a whole, behind one snapshot, or not at all. */
export function describeShardChanges<Tx>(scene: StoreScene<Tx>): void {
  describe('changing the map of shards', () => {
    it('divides the buckets anew; a new shard begins behind the snapshot, one that was there has its cursor', async () => {
      const { relay } = await lead(scene, oneShard)
      const snapshot = await relay.readSnapshot()
      const closed = await closeAt(relay, [0], snapshot)
      expect(await relay.changeShards({ closed, snapshot, ranges: thirds })).toBe(true)
      expect(await relay.readShards()).toMatchObject(thirds.map((buckets, shard) => ({ shard, buckets })))
      const [, second] = await seize(relay, [0, 1])
      const guard = { shard: 1, token: second as string, confirmed: 0 }
      expect(await relay.guarded(guard, (tx) => tx.readFacts())).toMatchObject({
        origin: snapshot,
        batches: [],
      })
      expect(await relay.readConfirmedCursor(0)).toEqual({ ...originCursor, from: snapshot })
    })

    it('retires shards, which own nothing and have no lease for relays, and brings them back', async () => {
      const { opened, relay } = await lead(scene, thirds)
      const before = await relay.readSnapshot()
      const closed = await closeAt(relay, [0, 1, 2], before)
      expect(await relay.changeShards({ closed, snapshot: before, ranges: oneShard })).toBe(true)
      expect(await relay.readShards()).toMatchObject([
        { shard: 0, buckets: oneShard[0] },
        { shard: 1, buckets: null },
        { shard: 2, buckets: null },
      ])
      expect(await relay.readLease(1)).toBeNull()
      await commitRows(opened, [row({ bucket: 90 })])
      expect(await relay.lookForMessages(1, originCursor)).toBe('nothing')
      const [, token] = await seize(relay, [0, 1])
      const guard = { shard: 1, token: token as string, confirmed: 0 }
      const page = await relay.guarded(guard, (tx) => tx.readPage(originCursor, bounds))
      expect(page.rows).toEqual([])

      const after = await relay.readSnapshot()
      const again = await closeAt(relay, [0, 1], after, 1)
      expect(await relay.changeShards({ closed: again, snapshot: after, ranges: halves })).toBe(true)
      expect(await relay.readShards()).toMatchObject([
        { shard: 0, buckets: halves[0] },
        { shard: 1, buckets: halves[1] },
        { shard: 2, buckets: null },
      ])
      expect(await relay.readConfirmedCursor(1)).toEqual({ ...originCursor, from: after })
    })

    it.each([
      ['a token is another one', { token: 'another' }],
      ['a batch is not there', { confirmed: 7 }],
    ])('changes nothing where %s', async (_, wrong) => {
      const { relay } = await lead(scene, halves)
      const snapshot = await relay.readSnapshot()
      const closed = await closeAt(relay, [0, 1], snapshot)
      const change = {
        closed: closed.map((shard) => (shard.shard === 1 ? { ...shard, ...wrong } : shard)),
        snapshot,
        ranges: thirds,
      }
      const before = await relay.readShards()
      expect(await relay.changeShards(change)).toBe(false)
      expect(await relay.readShards()).toEqual(before)
    })

    it('changes nothing where a shard ends elsewhere, or is in the middle of a capture', async () => {
      const { opened, relay } = await lead(scene, oneShard)
      const snapshot = await relay.readSnapshot()
      await commitRows(opened)
      const later = await relay.readSnapshot()
      const closed = await closeAt(relay, [0], snapshot)
      expect(await relay.changeShards({ closed, snapshot: later, ranges: halves })).toBe(false)
      const capturing = await lead(scene, oneShard)
      const cursor = { from: snapshot, until: later, lastSeq: '3' }
      const [token] = await seize(capturing.relay, [0])
      const guard = { shard: 0, token: token as string, confirmed: 0 }
      await capturing.relay.guarded(guard, (tx) => tx.insertBatch(batch(0, { cursor })))
      const open = [{ shard: 0, token: token as string, confirmed: 0 }]
      expect(await capturing.relay.changeShards({ closed: open, snapshot, ranges: halves })).toBe(false)
    })

    it('changes nothing where a shard that owns something is left out', async () => {
      const { relay } = await lead(scene, halves)
      const snapshot = await relay.readSnapshot()
      const [closed] = await closeAt(relay, [0, 1], snapshot)
      const change = { closed: closed ? [closed] : [], snapshot, ranges: oneShard }
      expect(await relay.changeShards(change)).toBe(false)
    })

    it('waits for a guarded transaction of a shard, which has its old buckets to the end', async () => {
      const { opened, relay } = await lead(scene, oneShard)
      const snapshot = await relay.readSnapshot()
      const closed = await closeAt(relay, [0], snapshot)
      const rows = [row({ bucket: 200 })]
      await commitRows(opened, rows)
      const token = closed[0]?.token as string
      const found = await relay.guarded({ shard: 0, token, confirmed: 0 }, async (tx) => {
        const changing = relay.changeShards({ closed, snapshot, ranges: halves })
        expect(await isHeldUp(opened, changing)).toBe(true)
        return { page: await tx.readPage({ ...originCursor, from: snapshot }, bounds), changing }
      })
      expect(idsOf(found.page)).toEqual(rows.map(({ id }) => id))
      expect(await found.changing).toBe(true)
    })
  })

  describe('a page up to a snapshot', () => {
    const readAll = async ({ guarded }: RelayScene<Tx>, until: string, maxRows: number) => {
      const ids: string[] = []
      for (let cursor = originCursor; ; ) {
        const page = await guarded((tx) => tx.readPageUntil(cursor, until, { ...bounds, maxRows }))
        ids.push(...idsOf(page))
        cursor = page.cursor
        if (cursor.until === null) return { ids, cursor }
      }
    }

    it.each([1, 2, 10])('has what is visible in it, and nothing later, in pages of %i', async (maxRows) => {
      const relayScene = await lead(scene)
      const { opened, relay } = relayScene
      const slow = await opened.begin()
      await opened.store.insertMessages(slow.tx, [row()])
      const ids = await commitRows(opened, [row(), row(), row(), row()])
      const until = await relay.readSnapshot()
      await slow.commit()
      await commitRows(opened)
      expect(await readAll(relayScene, until, maxRows)).toEqual({
        ids,
        cursor: { from: until, until: null, lastSeq: '0' },
      })
    })

    it('ends a capture that is under way first, and goes on from there', async () => {
      const relayScene = await lead(scene)
      const { opened, relay, readPage, guarded } = relayScene
      const slow = await opened.begin()
      const late = row()
      await opened.store.insertMessages(slow.tx, [late])
      const early = await commitRows(opened, [row(), row(), row()])
      const first = await readPage(originCursor, { maxRows: 2 })
      await slow.commit()
      const until = await relay.readSnapshot()
      const second = await guarded((tx) => tx.readPageUntil(first.cursor, until, bounds))
      const third = await guarded((tx) => tx.readPageUntil(second.cursor, until, bounds))
      expect([...idsOf(first), ...idsOf(second)]).toEqual(early)
      expect(idsOf(third)).toEqual([late.id])
      expect(third.cursor).toEqual({ from: until, until: null, lastSeq: '0' })
    })

    it('without rows is at the snapshot, also where a capture under way has none left', async () => {
      const relayScene = await lead(scene)
      const { opened, relay, readPage, guarded } = relayScene
      await commitRows(opened, [row(), row()])
      const full = await readPage(originCursor, { maxRows: 2 })
      expect(full.cursor.until).not.toBeNull()
      const until = await relay.readSnapshot()
      await commitRows(opened)
      const rest = await guarded((tx) => tx.readPageUntil(full.cursor, until, bounds))
      expect(rest).toEqual({ rows: [], cursor: { from: until, until: null, lastSeq: '0' } })
    })
  })
}
