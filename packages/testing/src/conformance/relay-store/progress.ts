import { originCursor } from '@pigeonhole/core'
import { describe, expect, it } from 'vitest'
import { commitRows, row, type StoreScene } from '../store-scene.js'
import { batch, insertBatches, lead } from './relay-scene.js'

/** Whether there is something to do, and whether something is done. */
export function describeProgress<Tx>(scene: StoreScene<Tx>): void {
  describe('whether there are messages', () => {
    it('is told without reading them', async () => {
      const { opened, relay, readPage } = await lead(scene)
      expect(await relay.lookForMessages(0, originCursor)).toBe('nothing')
      const slow = await opened.begin()
      await opened.store.insertMessages(slow.tx, [row()])
      expect(await relay.lookForMessages(0, originCursor)).toBe('nothing')
      await commitRows(opened)
      expect(await relay.lookForMessages(0, originCursor)).toBe('messages')
      const { cursor } = await readPage(originCursor)
      expect(await relay.lookForMessages(0, cursor)).toBe('nothing')
      await slow.commit()
      expect(await relay.lookForMessages(0, cursor)).toBe('messages')
    })

    it('counts what is left of a capture under way, and what came after it', async () => {
      const { opened, relay, readPage } = await lead(scene)
      await commitRows(opened, [row(), row(), row(), row()])
      const half = await readPage(originCursor, { maxRows: 2 })
      expect(await relay.lookForMessages(0, half.cursor)).toBe('messages')
      const read = await readPage(half.cursor, { maxRows: 2 })
      expect(read.cursor.until).not.toBeNull()
      expect(await relay.lookForMessages(0, read.cursor)).toBe('nothing')
      await commitRows(opened)
      expect(await relay.lookForMessages(0, read.cursor)).toBe('messages')
    })

    it('counts what was open when the capture began, also where it lies behind what has been read', async () => {
      const { opened, relay, readPage } = await lead(scene)
      const slow = await opened.begin()
      await opened.store.insertMessages(slow.tx, [row()])
      await commitRows(opened, [row(), row()])
      const read = await readPage(originCursor, { maxRows: 2 })
      expect(read.cursor.until).not.toBeNull()
      expect(await relay.lookForMessages(0, read.cursor)).toBe('nothing')
      await slow.commit()
      expect(await relay.lookForMessages(0, read.cursor)).toBe('messages')
      expect(await relay.isCovered(0, await relay.readSnapshot(), read.cursor)).toBe(false)
    })
  })

  describe('a snapshot that a guarded transaction reads', () => {
    it('counts its own transaction as one that runs, also where later ones have ended', async () => {
      const { opened, relay, guarded } = await lead(scene)
      const ids = await commitRows(opened, [row(), row()])
      const from = await guarded(async (tx) => {
        await tx.readSnapshot()
        ids.push(...(await commitRows(opened)))
        const snapshot = await tx.readSnapshot()
        expect(await tx.renumberMessages()).toBe(3)
        return snapshot
      })
      const cursor = { from, until: null, lastSeq: '0' }
      expect(await relay.lookForMessages(0, cursor)).toBe('messages')
      const { rows } = await guarded((tx) => tx.readPage(cursor, { maxRows: 10, maxBytes: 1_000_000 }))
      expect(rows.map(({ id }) => id)).toEqual(ids)
    })

    it('has what was committed before it behind it, and not what is open', async () => {
      const { opened, relay, guarded } = await lead(scene)
      await commitRows(opened)
      const slow = await opened.begin()
      await opened.store.insertMessages(slow.tx, [row()])
      const cursor = { from: await guarded((tx) => tx.readSnapshot()), until: null, lastSeq: '0' }
      expect(await relay.lookForMessages(0, cursor)).toBe('nothing')
      await slow.commit()
      expect(await relay.lookForMessages(0, cursor)).toBe('messages')
    })
  })

  describe('a mark', () => {
    it('is covered when everything committed before it is in batches, whatever comes after it', async () => {
      const { opened, relay, readPage } = await lead(scene)
      expect(await relay.isCovered(0, await relay.readSnapshot(), originCursor)).toBe(true)
      const slow = await opened.begin()
      await opened.store.insertMessages(slow.tx, [row()])
      await commitRows(opened)
      const mark = await relay.readSnapshot()
      expect(await relay.isCovered(0, mark, originCursor)).toBe(false)
      const { cursor } = await readPage(originCursor)
      await slow.commit()
      await commitRows(opened)
      expect(await relay.isCovered(0, mark, cursor)).toBe(true)
      expect(await relay.isCovered(0, await relay.readSnapshot(), cursor)).toBe(false)
    })

    it('is covered by a capture under way as far as that has been read', async () => {
      const { opened, relay, readPage } = await lead(scene)
      await commitRows(opened, [row(), row(), row(), row()])
      const mark = await relay.readSnapshot()
      const half = await readPage(originCursor, { maxRows: 2 })
      expect(await relay.isCovered(0, mark, half.cursor)).toBe(false)
      const read = await readPage(half.cursor, { maxRows: 2 })
      expect(await relay.isCovered(0, mark, read.cursor)).toBe(true)
    })

    it('is covered when its messages are there no more', async () => {
      const { opened, relay, guarded, readPage } = await lead(scene)
      await commitRows(opened)
      const mark = await relay.readSnapshot()
      const { cursor, rows } = await readPage(originCursor)
      await guarded((tx) => tx.deleteMessages(rows.map(({ seq }) => seq)))
      expect(await relay.isCovered(0, mark, cursor)).toBe(true)
    })
  })

  describe('a batch', () => {
    it('is there by its number and token, in its own shard', async () => {
      const relayScene = await lead(scene)
      const { relay } = relayScene
      await insertBatches(relayScene, 1)
      const { number, token } = batch(1)
      expect(await relay.hasBatch(0, { number, token })).toBe(true)
      expect(await relay.hasBatch(0, { number, token: 'another' })).toBe(false)
      expect(await relay.hasBatch(0, { number: 2, token })).toBe(false)
      expect(await relay.hasBatch(1, { number, token })).toBe(false)
    })
  })

  describe('the confirmed cursor', () => {
    it('is that of the confirmed batch; there is none before the first batch', async () => {
      const relayScene = await lead(scene)
      const { relay, guarded } = relayScene
      expect(await relay.readConfirmedCursor(0)).toBeNull()
      await insertBatches(relayScene, 1)
      const cursor = { from: '5:9:5', until: '6:10:', lastSeq: '3' }
      await guarded((tx) => tx.insertBatch(batch(2, { cursor })))
      expect(await relay.readConfirmedCursor(0)).toEqual(originCursor)
      await guarded(async () => undefined, 2)
      expect(await relay.readConfirmedCursor(0)).toEqual(cursor)
      expect(await relay.readConfirmedCursor(1)).toBeNull()
    })
  })
}
