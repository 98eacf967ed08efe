import { originCursor } from '@pigeonhole/core'
import { describe, expect, it } from 'vitest'
import { commitRows, row, type StoreScene } from '../store-scene.js'
import { idsOf, lead } from './relay-scene.js'

/** Between two snapshots: what is committed is captured once, whenever it was committed and whatever its seq. */
export function describeCapture<Tx>(scene: StoreScene<Tx>): void {
  describe('a capture', () => {
    it('has what is committed, as it was inserted, and then nothing until there is more', async () => {
      const { opened, readPage } = await lead(scene)
      const rows = [
        row({ headers: [['a', 'b']], partition: 4, bucket: 255 }),
        row({ key: null, payload: null }),
      ]
      await commitRows(opened, rows)
      const first = await readPage(originCursor)
      expect(first.rows).toMatchObject(rows.map(({ key, payload, ...rest }) => rest))
      expect(
        first.rows.map(({ key, payload }) => [key && Buffer.from(key), payload && Buffer.from(payload)]),
      ).toEqual([
        [Buffer.from('key'), Buffer.from('payload')],
        [null, null],
      ])
      expect(first.cursor).toMatchObject({ until: null, lastSeq: '0' })

      expect(await readPage(first.cursor)).toEqual({ rows: [], cursor: first.cursor })
      const more = await commitRows(opened)
      expect(idsOf(await readPage(first.cursor))).toEqual(more)
    })

    it('of an empty outbox leaves the cursor as it is', async () => {
      const { readPage } = await lead(scene)
      expect(await readPage(originCursor)).toEqual({ rows: [], cursor: originCursor })
    })

    it('is the same however often it is read from one cursor', async () => {
      const { opened, readPage } = await lead(scene)
      const ids = await commitRows(opened, [row(), row()])
      expect(idsOf(await readPage(originCursor))).toEqual(ids)
      expect(idsOf(await readPage(originCursor))).toEqual(ids)
    })

    it('never has what was rolled back', async () => {
      const { opened, readPage } = await lead(scene)
      const dropped = await opened.begin()
      await opened.store.insertMessages(dropped.tx, [row()])
      await dropped.rollback()
      const kept = await commitRows(opened)
      const { rows, cursor } = await readPage(originCursor)
      expect(rows.map(({ id }) => id)).toEqual(kept)
      expect((await readPage(cursor)).rows).toEqual([])
    })

    it('leaves out what is not committed, and has it once it is, although it lies behind', async () => {
      const { opened, readPage } = await lead(scene)
      const slow = await opened.begin()
      const late = row()
      await opened.store.insertMessages(slow.tx, [late])
      const ids = await commitRows(opened)
      const first = await readPage(originCursor)
      expect(idsOf(first)).toEqual(ids)
      expect((await readPage(first.cursor)).rows).toEqual([])
      await slow.commit()
      const second = await readPage(first.cursor)
      expect(idsOf(second)).toEqual([late.id])
      expect((await readPage(second.cursor)).rows).toEqual([])
      expect(Number(second.rows[0]?.seq)).toBeLessThan(Number(first.rows[0]?.seq))
    })

    it('has what began before it and was not there yet', async () => {
      const { opened, readPage } = await lead(scene)
      const [first, second, third] = [await opened.begin(), await opened.begin(), await opened.begin()]
      const rows = [row(), row(), row()] as const
      await opened.store.insertMessages(first.tx, [rows[0]])
      await opened.store.insertMessages(second.tx, [rows[1]])
      await opened.store.insertMessages(third.tx, [rows[2]])
      await second.commit()
      const one = await readPage(originCursor)
      await first.commit()
      const two = await readPage(one.cursor)
      await third.commit()
      const three = await readPage(two.cursor)
      expect([one, two, three].map(idsOf)).toEqual([[rows[1].id], [rows[0].id], [rows[2].id]])
      expect((await readPage(three.cursor)).rows).toEqual([])
    })
  })
}
