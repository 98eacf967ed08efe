import { type Cursor, originCursor, type PageBounds } from '@pigeonhole/core'
import { describe, expect, it } from 'vitest'
import { bytes, commitRows, row, type StoreScene } from '../store-scene.js'
import { idsOf, lead, type RelayScene } from './relay-scene.js'

/** A capture is read in pages, all of them between the same two snapshots. */
export function describePages<Tx>(scene: StoreScene<Tx>): void {
  describe('a page', () => {
    const readAll = async (
      { readPage }: RelayScene<Tx>,
      bounds: Partial<PageBounds>,
      from: Cursor = originCursor,
    ): Promise<{ readonly pages: string[][]; readonly cursor: Cursor }> => {
      const pages: string[][] = []
      for (let cursor = from; ; ) {
        const page = await readPage(cursor, bounds)
        if (page.rows.length === 0) return { pages, cursor }
        pages.push(idsOf(page))
        cursor = page.cursor
      }
    }

    it.each([
      [5, [2, 2, 1]],
      [4, [2, 2]],
    ])('has at most so many rows: %i in pages of two', async (count, sizes) => {
      const relay = await lead(scene)
      const rows = Array.from({ length: count }, () => row())
      const ids = await commitRows(relay.opened, rows)
      const { pages, cursor } = await readAll(relay, { maxRows: 2 })
      expect(pages.map((page) => page.length)).toEqual(sizes)
      expect(pages.flat()).toEqual(ids)
      expect(idsOf(await relay.readPage(cursor))).toEqual([])
    })

    it('has at most so many bytes of key, payload and headers', async () => {
      const relay = await lead(scene)
      // 10 bytes each with their headers, which are two.
      const rows = Array.from({ length: 5 }, () => row({ key: bytes('123'), payload: bytes('12345') }))
      const ids = await commitRows(relay.opened, rows)
      for (const [maxBytes, sizes] of [
        [20, [2, 2, 1]],
        [29, [2, 2, 1]],
        [30, [3, 2]],
        [50, [5]],
      ] as const) {
        const { pages } = await readAll(relay, { maxBytes })
        expect(pages.map((page) => page.length)).toEqual(sizes)
        expect(pages.flat()).toEqual(ids)
      }
    })

    it('has at least one row, whatever its size', async () => {
      const relay = await lead(scene)
      const ids = await commitRows(relay.opened, [
        row({ payload: bytes('long') }),
        row({ key: null, payload: null }),
      ])
      const { pages } = await readAll(relay, { maxBytes: 1 })
      expect(pages).toEqual(ids.map((id) => [id]))
    })

    it('ends the capture when it has fewer rows than both bounds allow, and not before', async () => {
      const relay = await lead(scene)
      await commitRows(relay.opened, [row(), row()])
      const whole = await relay.readPage(originCursor, { maxRows: 3 })
      expect(whole.cursor).toEqual({ from: expect.any(String), until: null, lastSeq: '0' })
      const byRows = await relay.readPage(originCursor, { maxRows: 2 })
      const byBytes = await relay.readPage(originCursor, { maxBytes: 1 })
      for (const { rows, cursor } of [byRows, byBytes]) {
        expect(cursor).toEqual({
          from: originCursor.from,
          until: expect.any(String),
          lastSeq: rows.at(-1)?.seq,
        })
      }
    })

    it('has nothing that was committed after the capture began; the next capture has it, in its place', async () => {
      const relay = await lead(scene)
      const { opened, readPage } = relay
      const slow = await opened.begin()
      const behind = row()
      await opened.store.insertMessages(slow.tx, [behind])
      const ids = await commitRows(opened, [row(), row(), row()])
      const first = await readPage(originCursor, { maxRows: 2 })
      await slow.commit()
      const ahead = await commitRows(opened)
      const second = await readPage(first.cursor, { maxRows: 2 })
      expect([...idsOf(first), ...idsOf(second)]).toEqual(ids)
      expect(second.cursor.until).toBeNull()
      expect(idsOf(await readPage(second.cursor))).toEqual([behind.id, ...ahead])
    })

    it('has nothing that an earlier capture has had, although it lies behind the last row', async () => {
      const relay = await lead(scene)
      const { opened, readPage } = relay
      const slow = await opened.begin()
      const late = [row(), row(), row()]
      await opened.store.insertMessages(slow.tx, late)
      const early = await commitRows(opened)
      const first = await readPage(originCursor)
      expect(idsOf(first)).toEqual(early)
      await slow.commit()
      const { pages } = await readAll(relay, { maxRows: 2 }, first.cursor)
      expect(pages.flat()).toEqual(late.map(({ id }) => id))
    })

    it('of a capture without rows left is the first one of the next', async () => {
      const relay = await lead(scene)
      const { opened, readPage } = relay
      await commitRows(opened, [row(), row()])
      const first = await readPage(originCursor, { maxRows: 2 })
      expect(first.cursor.until).not.toBeNull()
      expect(await readPage(first.cursor)).toEqual({ rows: [], cursor: first.cursor })
      const ids = await commitRows(opened)
      const next = await readPage(first.cursor)
      expect(idsOf(next)).toEqual(ids)
      expect((await readPage(next.cursor)).rows).toEqual([])
    })
  })
}
