import { type Cursor, originCursor } from '@pigeonhole/core'
import { describe, expect, it } from 'vitest'
import { commitRows, row, type StoreScene } from '../store-scene.js'
import { batch, halves, idsOf, lead, oneShard, relayOf, takeOver } from './relay-scene.js'

const bounds = { maxRows: 10, maxBytes: 1_000_000 }

/** Each shard has the messages of its buckets, and no other. */
export function describeShards<Tx>(scene: StoreScene<Tx>): void {
  describe('the map of shards', () => {
    it('is empty at first, and then what it was made as, whoever comes later', async () => {
      const relay = relayOf(await scene.open())
      expect(await relay.readShards()).toEqual([])
      expect(await relay.readLease(0)).toBeNull()
      await relay.provideShards(halves)
      const map = halves.map((buckets, shard) => ({ shard, buckets, holder: null }))
      expect(await relay.readShards()).toEqual(map)
      await relay.provideShards(oneShard)
      await relay.provideShards([...halves, ...halves])
      expect(await relay.readShards()).toEqual(map)
      expect(await relay.readLease(2)).toBeNull()
    })

    it('says who holds each shard', async () => {
      const { relay, holder } = await lead(scene, halves)
      const holders = async () => (await relay.readShards()).map(({ holder: one }) => one)
      expect(await holders()).toEqual([holder, null])
      await takeOver(relay, 'other', 1)
      await relay.seizeLease({ shard: 0, holder: 'other' })
      expect(await holders()).toEqual(['other', 'other'])
      await relay.releaseLease({ shard: 1, holder: 'other' })
      expect(await holders()).toEqual(['other', null])
    })

    it('is that of one of those who make it at once, and all of it', async () => {
      const relay = relayOf(await scene.open())
      const quarters = [0, 64, 128, 192].map((first) => ({ first, last: first + 63 }))
      await Promise.all([oneShard, quarters, halves, quarters].map((map) => relay.provideShards(map)))
      const made = (await relay.readShards()).map(({ buckets }) => buckets)
      expect([[...oneShard], [...halves], quarters]).toContainEqual(made)
    })
  })

  describe('a shard', () => {
    it('has the messages of its buckets alone, first and last included', async () => {
      const { opened, relay, readPage } = await lead(scene, halves)
      const rows = [0, 127, 128, 255].map((bucket) => row({ bucket }))
      const [first, last, others] = [rows[0]?.id, rows[1]?.id, rows.slice(2).map(({ id }) => id)]
      await commitRows(opened, rows)
      const token = await takeOver(relay, 'other', 1)
      const inOther = <R>(work: Parameters<typeof relay.guarded<R>>[1]): Promise<R> =>
        relay.guarded({ shard: 1, token, confirmed: 0 }, work)

      const page = await readPage(originCursor)
      expect(idsOf(page)).toEqual([first, last])
      expect(idsOf(await inOther((tx) => tx.readPage(originCursor, bounds)))).toEqual(others)
      expect(await relay.lookForMessages(0, page.cursor)).toBe('nothing')
      expect(await relay.lookForMessages(1, page.cursor)).toBe('nothing')
      expect(await relay.lookForMessages(1, originCursor)).toBe('messages')
    })

    it('has pages of its own, whatever lies between its messages', async () => {
      const { opened, relay, readPage } = await lead(scene, halves)
      const rows = Array.from({ length: 9 }, (_, i) => row({ bucket: i % 3 === 0 ? 9 : 190 }))
      await commitRows(opened, rows)
      const own = rows.filter(({ bucket }) => bucket === 9).map(({ id }) => id)
      const one = await readPage(originCursor, { maxRows: 1 })
      const two = await readPage(one.cursor, { maxRows: 1 })
      const three = await readPage(two.cursor, { maxRows: 2 })
      expect([one, two, three].flatMap(idsOf)).toEqual(own)
      expect(three.cursor.until).toBeNull()
      expect(await relay.lookForMessages(0, three.cursor)).toBe('nothing')
    })

    it('passes over the messages of others, and over none of its own', async () => {
      const { opened, relay, guarded } = await lead(scene, halves)
      const passOver = (cursor: Cursor): Promise<Cursor | null> => guarded((tx) => tx.passOver(cursor))
      const slow = await opened.begin()
      await opened.store.insertMessages(slow.tx, [row({ bucket: 9 })])
      await commitRows(opened, [row({ bucket: 190 })])

      expect(await relay.lookForMessages(0, originCursor)).toBe('nothing')
      expect(await relay.lookForMessages(1, originCursor)).toBe('messages')
      const behind = (await passOver(originCursor)) ?? originCursor
      expect(behind.until).toBeNull()
      expect(await relay.isCovered(1, await relay.readSnapshot(), behind)).toBe(true)
      expect(await relay.lookForMessages(0, behind)).toBe('nothing')
      await slow.commit()
      expect(await relay.lookForMessages(0, behind)).toBe('messages')
      expect(await passOver(behind)).toBeNull()
      expect(await passOver(originCursor)).toBeNull()
    })

    it('passes over nothing that a capture under way has not read', async () => {
      const { opened, guarded, readPage } = await lead(scene, halves)
      await commitRows(opened, [row({ bucket: 9 }), row({ bucket: 9 })])
      const half = await readPage(originCursor, { maxRows: 1 })
      expect(await guarded((tx) => tx.passOver(half.cursor))).toBeNull()
      const all = await readPage(half.cursor, { maxRows: 1 })
      expect(all.cursor.until).not.toBeNull()
      const behind = await guarded((tx) => tx.passOver(all.cursor))
      expect(behind).toMatchObject({ until: null, lastSeq: '0' })
    })

    it('covers a mark when its own messages are in batches', async () => {
      const { opened, relay, readPage } = await lead(scene, halves)
      await commitRows(opened, [row({ bucket: 1 }), row({ bucket: 129 })])
      const mark = await relay.readSnapshot()
      const { cursor } = await readPage(originCursor)
      expect(await relay.isCovered(0, mark, originCursor)).toBe(false)
      expect(await relay.isCovered(0, mark, cursor)).toBe(true)
      expect(await relay.isCovered(1, mark, originCursor)).toBe(false)
    })

    it('has batches of its own', async () => {
      const { relay, guarded } = await lead(scene, halves)
      await guarded((tx) => tx.insertBatch(batch(0)))
      const token = await takeOver(relay, 'other', 1)
      const guard = { shard: 1, token, confirmed: 0 }
      expect((await relay.guarded(guard, (tx) => tx.readFacts())).batches).toEqual([])
      expect(await relay.guarded(guard, (tx) => tx.insertBatch(batch(1)))).toBe(false)
      await relay.guarded(guard, (tx) => tx.deleteOtherBatches(null))
      expect((await guarded((tx) => tx.readFacts())).batches).toEqual([batch(0)])
    })
  })
}
