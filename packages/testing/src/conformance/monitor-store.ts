import { type MonitorStore, originCursor, type ShardMeasures } from '@pigeonhole/core'
import { describe, expect, it } from 'vitest'
import { batch, halves, lead, relayOf } from './relay-store/relay-scene.js'
import { commitRows, row, type StoreScene, storeScene } from './store-scene.js'
import type { OpenStore, StoreSubject } from './store-subject.js'

/** Holds a store to the port of a monitor, MonitorStore, or to having no part of it. Runs in vitest. */
export function testMonitorStore<Tx>(subject: StoreSubject<Tx>): void {
  describe(`${subject.name} as a monitor store`, () => {
    const scene = storeScene(subject)
    if (subject.supports.relay) return describeMeasures(scene)
    it('is none: a monitor has a store of its own', async () => {
      const { store } = await scene.open()
      expect(['readMeasures', 'readXidHolder'].filter((method) => method in store)).toEqual([])
    })
  })
}

async function shardsOf<Tx>({ store }: OpenStore<Tx>): Promise<readonly ShardMeasures[]> {
  return (await (store as MonitorStore).readMeasures()).shards
}

const nothing = { pending: 0, atLeast: false, oldestAgeSeconds: null }

function describeMeasures<Tx>(scene: StoreScene<Tx>): void {
  it('counts what waits where no relay was ever started', async () => {
    const opened = await scene.open()
    expect(await shardsOf(opened)).toEqual([{ shard: null, ...nothing }])
    await commitRows(opened, [row(), row()])
    expect(await shardsOf(opened)).toMatchObject([{ shard: null, pending: 2, atLeast: false }])
  })

  it('counts what no confirmed batch covers: the rest of a capture, what came after it, what ran when it began', async () => {
    const { opened, guarded, readPage } = await lead(scene)
    expect(await shardsOf(opened)).toEqual([{ shard: 0, ...nothing }])
    const slow = await opened.begin()
    await opened.store.insertMessages(slow.tx, [row()])
    await commitRows(opened, [row(), row(), row(), row()])
    const half = await readPage(originCursor, { maxRows: 3 })
    expect(half.cursor.until).not.toBeNull()
    await guarded(async (tx) => {
      await tx.insertBatch(batch(0))
      await tx.insertBatch(batch(1, { cursor: half.cursor }))
    })
    expect(await shardsOf(opened)).toMatchObject([{ shard: 0, pending: 4 }])
    await guarded(async () => undefined, 1)
    expect(await shardsOf(opened)).toMatchObject([{ shard: 0, pending: 1 }])
    await slow.commit()
    expect(await shardsOf(opened)).toMatchObject([{ shard: 0, pending: 2 }])
    await commitRows(opened)
    const [shard] = await shardsOf(opened)
    expect(shard).toMatchObject({ shard: 0, pending: 3, atLeast: false })
    expect(shard?.oldestAgeSeconds).toBeGreaterThanOrEqual(0)
    const rest = await readPage(half.cursor)
    const last = await readPage(rest.cursor)
    await guarded((tx) => tx.insertBatch(batch(2, { cursor: last.cursor })))
    await guarded(async () => undefined, 2)
    expect(await shardsOf(opened)).toEqual([{ shard: 0, ...nothing }])
  })

  it('counts each shard by its own buckets', async () => {
    const { opened, relay } = await lead(scene, halves)
    await commitRows(
      opened,
      [5, 5, 200].map((bucket) => row({ bucket })),
    )
    expect(await shardsOf(opened)).toMatchObject([
      { shard: 0, pending: 2 },
      { shard: 1, pending: 1 },
    ])
    expect(await relay.readStatus()).toMatchObject({ pending: 3 })
  })

  it('counts what is parked, which does not wait, and topics that are paused', async () => {
    const { opened, guarded, readPage } = await lead(scene)
    const parking = async () => (await (opened.store as unknown as MonitorStore).readMeasures()).parking
    expect(await parking()).toEqual({ messages: 0, atLeast: false, pausedTopics: 0 })
    await commitRows(opened, [row({ topic: 'gone' }), row({ topic: 'gone' }), row()])
    const { rows } = await readPage(originCursor)
    await guarded(async (tx) => {
      await tx.pauseTopic(
        'gone',
        { code: 'TOPIC_MISSING', error: 'gone' },
        { initialMs: 1_000, maxMs: 1_000 },
      )
      await tx.parkBlocked(rows)
    })
    expect(await parking()).toEqual({ messages: 2, atLeast: false, pausedTopics: 1 })
    expect(await shardsOf(opened)).toMatchObject([{ shard: 0, pending: 1 }])
  })

  it('answers although a transaction holds the shard', async () => {
    const relayScene = await lead(scene)
    const { opened, guarded } = relayScene
    expect(relayOf(opened)).toBeDefined()
    await guarded(async () => {
      expect(await shardsOf(opened)).toEqual([{ shard: 0, ...nothing }])
    })
  })
}
