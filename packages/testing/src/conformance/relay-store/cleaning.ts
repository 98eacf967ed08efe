import { type Cleaning, originCursor, type Reclaimed } from '@pigeonhole/core'
import { describe, expect, it } from 'vitest'
import { commitRows, row, type StoreScene } from '../store-scene.js'
import { batch, halves, lead, type RelayScene, takeOver } from './relay-scene.js'

/** A partition is closed as soon as it has a message. */
const atOnce: Cleaning = { retentionMs: 0, partitionBytes: 0, partitionMs: 0 }

/** What is emptied is covered by the confirmed batches of all shards. */
export function describeCleaning<Tx>(scene: StoreScene<Tx>): void {
  const clean = ({ guarded }: RelayScene<Tx>, cleaning = atOnce): Promise<Reclaimed> =>
    guarded((tx) => tx.reclaim(cleaning))

  const leftIn = async ({ opened }: RelayScene<Tx>): Promise<string[]> =>
    (await opened.readMessages()).map(({ id }) => id)

  /** Confirms batch 0, and an intent behind everything, which is confirmed when told so. */
  async function intend({ guarded, readPage }: RelayScene<Tx>, confirmed: number): Promise<void> {
    const { cursor } = await readPage(originCursor)
    await guarded((tx) => tx.agree())
    await guarded((tx) => tx.insertBatch(batch(0)))
    await guarded((tx) => tx.insertBatch(batch(1, { cursor })), 0)
    await guarded((tx) => tx.readFacts(), confirmed)
  }

  describe('giving the space of what is published back', () => {
    it('turns to another partition, and empties the one before once all of it is confirmed', async () => {
      const relayScene = await lead(scene)
      const ids = await commitRows(relayScene.opened, [row(), row()])
      await intend(relayScene, 1)
      expect(await clean(relayScene)).toEqual({ truncated: [], held: [], unsettled: [], turned: true })
      expect(await leftIn(relayScene)).toEqual(ids)
      const later = await commitRows(relayScene.opened)
      expect(await clean(relayScene)).toMatchObject({ truncated: [0], held: [] })
      expect(await leftIn(relayScene)).toEqual(later)
    })

    it('empties nothing that is written to, however much of it is confirmed', async () => {
      const relayScene = await lead(scene)
      const ids = await commitRows(relayScene.opened)
      await intend(relayScene, 1)
      const never = { ...atOnce, partitionBytes: 1e9, partitionMs: 1e9 }
      for (let turn = 0; turn < 3; turn++)
        expect(await clean(relayScene, never)).toEqual({
          truncated: [],
          held: [],
          unsettled: [],
          turned: false,
        })
      expect(await leftIn(relayScene)).toEqual(ids)
    })

    it('has nothing to turn from where nothing was published', async () => {
      const relayScene = await lead(scene)
      await intend(relayScene, 1)
      expect(await clean(relayScene)).toEqual({ truncated: [], held: [], unsettled: [], turned: false })
    })

    it('empties nothing behind an intent', async () => {
      const relayScene = await lead(scene)
      const ids = await commitRows(relayScene.opened)
      await intend(relayScene, 0)
      await clean(relayScene)
      expect(await clean(relayScene)).toMatchObject({ truncated: [] })
      expect(await leftIn(relayScene)).toEqual(ids)
    })

    it('empties nothing before the first batch', async () => {
      const relayScene = await lead(scene)
      const ids = await commitRows(relayScene.opened)
      await relayScene.guarded((tx) => tx.agree())
      await clean(relayScene)
      expect(await clean(relayScene)).toMatchObject({ truncated: [] })
      expect(await leftIn(relayScene)).toEqual(ids)
    })

    it('empties nothing that was committed behind the cursor, or ran then', async () => {
      const relayScene = await lead(scene)
      const { opened } = relayScene
      const slow = await opened.begin()
      const open = row()
      await opened.store.insertMessages(slow.tx, [open])
      const ids = await commitRows(opened)
      await intend(relayScene, 1)
      await slow.commit()
      await clean(relayScene)
      expect(await clean(relayScene)).toMatchObject({ truncated: [] })
      expect(await leftIn(relayScene)).toEqual(expect.arrayContaining([open.id, ...ids]))
      const newer = await lead(scene)
      await commitRows(newer.opened)
      await intend(newer, 1)
      const behind = await commitRows(newer.opened)
      await clean(newer)
      expect(await clean(newer)).toMatchObject({ truncated: [] })
      expect(await leftIn(newer)).toEqual(expect.arrayContaining(behind))
    })

    it('empties nothing of which a capture under way has not read all', async () => {
      const relayScene = await lead(scene)
      const { opened, guarded, readPage } = relayScene
      await commitRows(opened, [row(), row(), row()])
      const half = await readPage(originCursor, { maxRows: 2 })
      await guarded((tx) => tx.agree())
      await guarded((tx) => tx.insertBatch(batch(0)))
      await guarded((tx) => tx.insertBatch(batch(1, { cursor: half.cursor })))
      await guarded((tx) => tx.readFacts(), 1)
      await clean(relayScene)
      expect(await clean(relayScene)).toMatchObject({ truncated: [] })
      const whole = await readPage(half.cursor, { maxRows: 1 })
      expect(whole.cursor.until).not.toBeNull()
      await guarded((tx) => tx.insertBatch(batch(2, { cursor: whole.cursor })))
      await guarded((tx) => tx.readFacts(), 2)
      expect(await clean(relayScene)).toMatchObject({ truncated: [0] })
    })

    it('empties nothing of which another shard has not confirmed all', async () => {
      const relayScene = await lead(scene, halves)
      const { opened, relay } = relayScene
      const ids = await commitRows(opened, [row({ bucket: 1 }), row({ bucket: 129 })])
      await intend(relayScene, 1)
      await clean(relayScene)
      expect(await clean(relayScene)).toMatchObject({ truncated: [] })
      const token = await takeOver(relay, 'other', 1)
      const inOther = <R>(work: Parameters<typeof relay.guarded<R>>[1], confirmed = 0): Promise<R> =>
        relay.guarded({ shard: 1, token, confirmed }, work)
      await inOther((tx) => tx.agree())
      expect(await clean(relayScene)).toMatchObject({ truncated: [] })
      await inOther((tx) => tx.insertBatch(batch(0)))
      expect(await clean(relayScene)).toMatchObject({ truncated: [] })
      expect(await leftIn(relayScene)).toEqual(ids)
      const { cursor } = await inOther((tx) => tx.readPage(originCursor, { maxRows: 9, maxBytes: 1e6 }))
      await inOther((tx) => tx.insertBatch(batch(1, { cursor })))
      await inOther((tx) => tx.readFacts(), 1)
      expect(await clean(relayScene)).toMatchObject({ truncated: [0] })
      expect(await leftIn(relayScene)).toEqual([])
    })

    it('empties nothing while another shard is not led, or opening, or adopted', async () => {
      const relayScene = await lead(scene, halves)
      const { opened, relay } = relayScene
      const ids = await commitRows(opened, [row({ bucket: 1 }), row({ bucket: 129 })])
      await intend(relayScene, 1)
      const token = await takeOver(relay, 'other', 1)
      const { cursor } = await relayScene.readPage(originCursor)
      await relay.guarded({ shard: 1, token, confirmed: 0 }, (tx) => tx.insertBatch(batch(0, { cursor })))
      const nothing = { truncated: [], unsettled: [1] }
      expect(await clean(relayScene)).toMatchObject({ unsettled: [], turned: true })
      expect(await clean(relayScene)).toMatchObject(nothing)
      await relay.guarded({ shard: 1, token, confirmed: 0 }, (tx) => tx.agree())
      // Whoever leads it now has not seen yet what Kafka says.
      const successor = await takeOver(relay, 'successor', 1)
      expect(await clean(relayScene)).toMatchObject(nothing)
      await relay.guarded({ shard: 1, token: successor, confirmed: 0 }, (tx) => tx.agree())
      await relay.releaseLease({ shard: 1, holder: 'successor' })
      expect(await clean(relayScene)).toMatchObject(nothing)
      expect(await leftIn(relayScene)).toEqual(ids)
      const last = await takeOver(relay, 'last', 1)
      await relay.guarded({ shard: 1, token: last, confirmed: 0 }, (tx) => tx.agree())
      expect(await clean(relayScene)).toMatchObject({ truncated: [0], unsettled: [] })
    })

    it('keeps what is published for as long as it is told to', async () => {
      const relayScene = await lead(scene)
      const ids = await commitRows(relayScene.opened)
      await intend(relayScene, 1)
      await clean(relayScene)
      expect(await clean(relayScene, { ...atOnce, retentionMs: 3_600_000 })).toMatchObject({ truncated: [] })
      expect(await leftIn(relayScene)).toEqual(ids)
      expect(await clean(relayScene)).toMatchObject({ truncated: [0] })
    })

    it('loses no message whose partition was turned from while it was not committed', async () => {
      const relayScene = await lead(scene)
      const { opened, readPage } = relayScene
      await commitRows(opened)
      await intend(relayScene, 1)
      const slow = await opened.begin()
      const open = row()
      await opened.store.insertMessages(slow.tx, [open])
      await clean(relayScene)
      await clean(relayScene)
      await slow.commit()
      await clean(relayScene)
      const { cursor } = batch(1)
      expect((await readPage(cursor)).rows.map(({ id }) => id)).toContain(open.id)
    })
  })
}
