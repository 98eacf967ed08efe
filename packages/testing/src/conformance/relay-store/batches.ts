import { describe, expect, it } from 'vitest'
import type { StoreScene } from '../store-scene.js'
import { batch, halves, insertBatches, lead, takeOver } from './relay-scene.js'

/** A batch is written behind its parent or not at all. */
export function describeBatches<Tx>(scene: StoreScene<Tx>): void {
  describe('a batch', () => {
    it('is kept as it was written', async () => {
      const { guarded } = await lead(scene)
      const cursor = { from: '10:20:10,15', until: '12:30:', lastSeq: '9007199254740993' }
      const batches = [batch(0), batch(1, { cursor }), batch(2, { cursor: { ...cursor, until: null } })]
      await guarded(async (tx) => {
        for (const each of batches) expect(await tx.insertBatch(each)).toBe(true)
      })
      expect((await guarded((tx) => tx.readFacts())).batches).toEqual(batches)
    })

    it.each([
      ['its parent has another token', batch(2, { parent: 'another' })],
      ['its parent is missing', batch(3)],
      ['its parent has its own number', batch(1, { token: 'next', parent: 'token-1' })],
      ['it names none', batch(2, { parent: null })],
    ])('is not written where %s', async (_, orphan) => {
      const scene0 = await lead(scene)
      await insertBatches(scene0, 1)
      expect(await scene0.guarded((tx) => tx.insertBatch(orphan))).toBe(false)
      expect((await scene0.guarded((tx) => tx.readFacts())).batches).toEqual([batch(0), batch(1)])
    })

    it('is there for other shards, too, by its number and its token', async () => {
      const scene0 = await lead(scene, halves)
      await insertBatches(scene0, 1)
      const { relay } = scene0
      const token = await takeOver(relay, 'another', 1)
      const seen = (number: number, of: string, shard = 0): Promise<boolean> =>
        relay.guarded({ shard: 1, token, confirmed: 0 }, (tx) => tx.hasBatch(shard, { number, token: of }))
      expect(await seen(1, 'token-1')).toBe(true)
      expect(await Promise.all([seen(1, 'token-0'), seen(2, 'token-2'), seen(1, 'token-1', 1)])).toEqual([
        false,
        false,
        false,
      ])
    })

    it('may stand beside another of its number', async () => {
      const scene0 = await lead(scene)
      await insertBatches(scene0, 1)
      const twin = batch(1, { token: 'twin' })
      expect(await scene0.guarded((tx) => tx.insertBatch(twin))).toBe(true)
      const { batches } = await scene0.guarded((tx) => tx.readFacts())
      expect(new Set(batches)).toEqual(new Set([batch(0), batch(1), twin]))
    })

    it('is the only one left when all others are removed', async () => {
      const scene0 = await lead(scene)
      await insertBatches(scene0, 3)
      await scene0.guarded((tx) => tx.insertBatch(batch(2, { token: 'twin' })))
      await scene0.guarded((tx) => tx.deleteOtherBatches(batch(2)))
      expect((await scene0.guarded((tx) => tx.readFacts())).batches).toEqual([batch(2)])
      await scene0.guarded((tx) => tx.deleteOtherBatches(null))
      expect((await scene0.guarded((tx) => tx.readFacts())).batches).toEqual([])
    })

    it('stays when those below it are removed', async () => {
      const scene0 = await lead(scene)
      await insertBatches(scene0, 3)
      await scene0.guarded((tx) => tx.deleteBatchesBelow(2))
      expect((await scene0.guarded((tx) => tx.readFacts())).batches).toEqual([batch(2), batch(3)])
    })

    it('is behind its parent also where that was removed in the same transaction', async () => {
      const scene0 = await lead(scene)
      await insertBatches(scene0, 1)
      const inserted = await scene0.guarded(async (tx) => {
        await tx.deleteOtherBatches(batch(0))
        return tx.insertBatch(batch(2))
      })
      expect(inserted).toBe(false)
    })
  })
}
