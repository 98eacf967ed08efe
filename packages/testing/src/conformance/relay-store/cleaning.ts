import { originCursor } from '@pigeonhole/core'
import { describe, expect, it } from 'vitest'
import { commitRows, row, type StoreScene } from '../store-scene.js'
import { lead } from './relay-scene.js'

/** What is deleted is visible in the cursor's snapshot. */
export function describeCleaning<Tx>(scene: StoreScene<Tx>): void {
  describe('deleting what is published', () => {
    it('deletes nothing at the origin', async () => {
      const { opened, guarded } = await lead(scene)
      const ids = await commitRows(opened)
      expect(await guarded((tx) => tx.deletePublished(originCursor, 10))).toBe(0)
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
      expect(await guarded((tx) => tx.deletePublished(cursor, 10))).toBe(2)
      expect((await opened.readMessages()).map(({ id }) => id)).toEqual([open.id, ...later])
      expect(await guarded((tx) => tx.deletePublished(cursor, 10))).toBe(0)
    })

    it('deletes nothing of a capture that is under way', async () => {
      const { opened, guarded, readPage } = await lead(scene)
      const before = await commitRows(opened)
      const first = await readPage(originCursor)
      const ids = await commitRows(opened, [row(), row(), row()])
      const under = await readPage(first.cursor, { maxRows: 2 })
      expect(under.cursor.until).not.toBeNull()
      expect(await guarded((tx) => tx.deletePublished(under.cursor, 10))).toBe(before.length)
      expect((await opened.readMessages()).map(({ id }) => id)).toEqual(ids)
    })

    it('deletes at most so many at once', async () => {
      const { opened, guarded, readPage } = await lead(scene)
      await commitRows(opened, [row(), row(), row(), row(), row()])
      const { cursor } = await readPage(originCursor)
      const deleted: number[] = []
      for (let turn = 0; turn < 4; turn++) deleted.push(await guarded((tx) => tx.deletePublished(cursor, 2)))
      expect(deleted).toEqual([2, 2, 1, 0])
    })
  })
}
