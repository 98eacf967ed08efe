import { randomBytes } from 'node:crypto'
import { originCursor } from '@pigeonhole/core'
import { describe, expect, it } from 'vitest'
import { commitRows, row, type StoreScene } from '../store-scene.js'
import { lead } from './relay-scene.js'

const bounds = { maxRows: 10, maxBytes: 1_000_000 }

/** What is deleted is visible in the cursor's snapshot. */
export function describeCleaning<Tx>(scene: StoreScene<Tx>): void {
  describe('deleting what is published', () => {
    it('deletes nothing at the origin', async () => {
      const { opened, guarded } = await lead(scene)
      const ids = await commitRows(opened)
      expect(await guarded((tx) => tx.deletePublished(originCursor, bounds))).toEqual({
        rows: 0,
        more: false,
      })
      expect((await opened.readMessages()).map(({ id }) => id)).toEqual(ids)
    })

    it('deletes what the cursor began from, and neither what was open then nor what came later', async () => {
      const { opened, guarded, readPage } = await lead(scene)
      const slow = await opened.begin()
      const open = row()
      await opened.store.insertMessages(slow.tx, [open])
      await commitRows(opened, [row(), row()])
      const { cursor } = await readPage(originCursor)
      await slow.commit()
      const later = await commitRows(opened)
      expect(await guarded((tx) => tx.deletePublished(cursor, bounds))).toMatchObject({ rows: 2 })
      expect((await opened.readMessages()).map(({ id }) => id)).toEqual([open.id, ...later])
      expect(await guarded((tx) => tx.deletePublished(cursor, bounds))).toMatchObject({ rows: 0 })
    })

    it('deletes nothing of a capture that is under way', async () => {
      const { opened, guarded, readPage } = await lead(scene)
      const before = await commitRows(opened)
      const first = await readPage(originCursor)
      const ids = await commitRows(opened, [row(), row(), row()])
      const under = await readPage(first.cursor, { maxRows: 2 })
      expect(under.cursor.until).not.toBeNull()
      expect(await guarded((tx) => tx.deletePublished(under.cursor, bounds))).toMatchObject({
        rows: before.length,
      })
      expect((await opened.readMessages()).map(({ id }) => id)).toEqual(ids)
    })

    it('deletes at most so many at once', async () => {
      const { opened, guarded, readPage } = await lead(scene)
      await commitRows(opened, [row(), row(), row(), row(), row()])
      const { cursor } = await readPage(originCursor)
      const lot = { ...bounds, maxRows: 2 }
      const deleted: { rows: number; more: boolean }[] = []
      for (let turn = 0; turn < 4; turn++)
        deleted.push(await guarded((tx) => tx.deletePublished(cursor, lot)))
      expect(deleted.map(({ rows }) => rows)).toEqual([2, 2, 1, 0])
      expect(deleted.map(({ more }) => more)).toEqual([true, true, false, false])
    })

    it('deletes at most so many bytes at once, but always a message', async () => {
      const { opened, guarded, readPage } = await lead(scene)
      const large = () => row({ payload: randomBytes(10_000) })
      await commitRows(opened, [large(), large(), large(), large()])
      const { cursor } = await readPage(originCursor)
      const lotOf = (maxBytes: number) => guarded((tx) => tx.deletePublished(cursor, { ...bounds, maxBytes }))
      expect(await lotOf(25_000)).toEqual({ rows: 2, more: true })
      expect(await lotOf(1)).toEqual({ rows: 1, more: true })
      expect(await lotOf(25_000)).toEqual({ rows: 1, more: false })
    })
  })
}
