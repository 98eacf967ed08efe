import { originCursor } from '@pigeonhole/core'
import { describe, expect, it } from 'vitest'
import { commitRows, row, type StoreScene } from '../store-scene.js'
import { batch, halves, insertBatches, lead, oneShard, relayOf, takeOver } from './relay-scene.js'

/** What an opening compares with Kafka, and what `status` shows. */
export function describeFacts<Tx>(scene: StoreScene<Tx>): void {
  describe('the facts', () => {
    it('are those of a new outbox at first', async () => {
      const { guarded, relay } = await lead(scene)
      const { systemIdentifier } = await relay.readIdentity()
      expect(systemIdentifier).toMatch(/./)
      expect(await guarded((tx) => tx.readFacts())).toEqual({
        recorded: null,
        systemIdentifier,
        confirmed: 0,
        batches: [],
        origin: null,
        xidAhead: null,
        serverXid: expect.stringMatching(/^\d+$/),
      })
    })

    it('have the identity as it was written last, and what is confirmed', async () => {
      const { guarded, relay } = await lead(scene)
      const { systemIdentifier } = await relay.readIdentity()
      const first = { relay: 'first', clusterId: 'cluster', systemIdentifier }
      const second = { relay: 'second', clusterId: 'other', systemIdentifier: 'moved' }
      for (const identity of [first, second]) {
        await guarded((tx) => tx.writeIdentity(identity))
        expect(await relay.readIdentity()).toEqual({ recorded: identity, systemIdentifier })
      }
      const facts = await guarded((tx) => tx.readFacts(), 4)
      expect(facts).toMatchObject({ recorded: second, systemIdentifier, confirmed: 4, xidAhead: null })
    })

    it('see nothing ahead in what this server wrote', async () => {
      const relayScene = await lead(scene)
      const { opened, guarded, relay, readPage } = relayScene
      await commitRows(opened, [row(), row()])
      const { cursor } = await readPage(originCursor, { maxRows: 1 })
      const { systemIdentifier } = await relay.readIdentity()
      await guarded(async (tx) => {
        await tx.insertBatch(batch(0))
        await tx.insertBatch(batch(1, { cursor }))
        await tx.writeIdentity({ relay: 'relay', clusterId: 'cluster', systemIdentifier })
      })
      expect((await guarded((tx) => tx.readFacts())).xidAhead).toBeNull()
    })

    it.each([
      ['from', { from: '5:9000000000000000:', until: null, lastSeq: '0' }],
      ['until', { from: '5:5:', until: '6:9000000000000000:', lastSeq: '0' }],
    ])('see a transaction id ahead of the server in the %s of a cursor', async (_, cursor) => {
      const relayScene = await lead(scene)
      await insertBatches(relayScene, 0, cursor)
      const { xidAhead, serverXid } = await relayScene.guarded((tx) => tx.readFacts())
      expect(xidAhead).toBe('9000000000000000')
      expect(BigInt(serverXid)).toBeLessThan(9_000_000_000_000_000n)
    })
  })

  describe('the status', () => {
    it('shows who the relay is, its shards, and what is not confirmed', async () => {
      const relayScene = await lead(scene)
      const { opened, relay, holder, guarded, readPage } = relayScene
      const shard0 = { shard: 0, holder, buckets: oneShard[0] }
      expect(await relay.readStatus()).toEqual({
        identity: null,
        shards: [{ ...shard0, confirmed: 0, pending: 0, oldestAgeSeconds: null }],
        parking: { keys: 0, messages: 0, pausedTopics: [] },
        pending: 0,
        oldestAgeSeconds: null,
      })
      await commitRows(opened, [row(), row(), row()])
      const { cursor } = await readPage(originCursor, { maxRows: 1 })
      const { systemIdentifier } = await relay.readIdentity()
      const identity = { relay: 'relay', clusterId: 'cluster', systemIdentifier }
      await guarded(async (tx) => {
        await tx.writeIdentity(identity)
        await tx.insertBatch(batch(0))
        await tx.insertBatch(batch(1, { cursor }))
      })
      const before = await relay.readStatus()
      expect(before).toMatchObject({ identity, pending: 3 })
      expect(before.oldestAgeSeconds).toBeGreaterThanOrEqual(0)
      await guarded(async () => undefined, 1)
      expect(await relay.readStatus()).toMatchObject({
        shards: [{ ...shard0, confirmed: 1, pending: 2 }],
        pending: 2,
      })
    })

    it('sums up its shards, each by its own cursor', async () => {
      const relayScene = await lead(scene, halves)
      const { opened, relay, guarded, readPage } = relayScene
      const owned = [5, 5, 200].map((bucket) => row({ bucket }))
      await commitRows(opened, owned)
      const { cursor } = await readPage(originCursor, { maxRows: 1 })
      await guarded((tx) => tx.insertBatch(batch(0, { cursor })))
      const token = await takeOver(relay, 'other', 1)
      await relay.guarded({ shard: 1, token, confirmed: 0 }, (tx) => tx.insertBatch(batch(0)))
      const { shards, pending, oldestAgeSeconds } = await relay.readStatus()
      expect(shards).toMatchObject([
        { shard: 0, buckets: halves[0], pending: 1 },
        { shard: 1, buckets: halves[1], holder: 'other', pending: 1 },
      ])
      expect(pending).toBe(2)
      expect(oldestAgeSeconds).toBeGreaterThanOrEqual(0)
    })

    it('counts what waits where no relay was ever started', async () => {
      const opened = await scene.open()
      await commitRows(opened, [row(), row()])
      expect(await relayOf(opened).readStatus()).toMatchObject({ shards: [], pending: 2 })
    })

    it('comes from a server that a relay can work with', async () => {
      const { relay } = await lead(scene)
      await expect(relay.checkServer()).resolves.toBeUndefined()
    })
  })
}
