import type { OutboxRow } from '@pigeonhole/core'
import { describe, expect, it } from 'vitest'
import { bytes, commitRows, ofCode, row, type StoreScene } from '../store-scene.js'

const allBytes = Uint8Array.from({ length: 256 }, (_, index) => index)

/** Rows of every shape that the table holds. */
const shapes: readonly OutboxRow[] = [
  row({ topic: 'plain', bucket: 0 }),
  row({ topic: '-', bucket: 255, key: null }),
  row({ topic: 'tombstone', payload: null }),
  row({ topic: 'empty', key: new Uint8Array(), payload: new Uint8Array() }),
  row({ topic: 'binary', key: allBytes, payload: allBytes }),
  row({ topic: 'utf8', key: bytes('ключ "\\{},NULL'), payload: bytes('値 "\\{},NULL') }),
  row({ topic: 'partition', partition: 3, key: null, payload: null }),
  row({ topic: 'partition-zero', partition: 0 }),
  row({ topic: 'a-view', payload: allBytes.subarray(100, 103) }),
  row({
    topic: 'headers',
    headers: [
      ['b', 'second'],
      ['a', 'first "\\{},NULL'],
      ['b', 'again'],
      ['', ''],
      ['ü', 'ü\n'],
      ['bytes', { base64: '/wA=' }],
    ],
  }),
]

/** What is inserted is what is there. */
export function describeInsertion<Tx>(scene: StoreScene<Tx>): void {
  describe('inserting messages', () => {
    it('keeps them byte for byte, in their order', async () => {
      const opened = await scene.open()
      await commitRows(opened, shapes)
      const found = await opened.readMessages()
      expect(found.map(({ seq: _, ...rest }) => normal(rest))).toEqual(shapes.map(normal))
    })

    it('keeps the order of thousands', async () => {
      const opened = await scene.open()
      const ids = await commitRows(
        opened,
        Array.from({ length: 3000 }, () => row({ key: null })),
      )
      expect((await opened.readMessages()).map(({ id }) => id)).toEqual(ids)
    })

    it('keeps the order of several calls', async () => {
      const opened = await scene.open()
      const { tx, commit } = await opened.begin()
      const rows = [row(), row(), row()]
      for (const each of rows) await opened.store.insertMessages(tx, [each])
      await commit()
      expect((await opened.readMessages()).map(({ id }) => id)).toEqual(rows.map(({ id }) => id))
    })

    it('accepts that there are none', async () => {
      const opened = await scene.open()
      expect(await commitRows(opened, [])).toEqual([])
      expect(await opened.readMessages()).toEqual([])
    })

    it('shows nothing before the commit, and nothing after a rollback', async () => {
      const opened = await scene.open()
      const kept = await opened.begin()
      const dropped = await opened.begin()
      const keptRow = row()
      await opened.store.insertMessages(kept.tx, [keptRow])
      await opened.store.insertMessages(dropped.tx, [row()])
      expect(await opened.readMessages()).toEqual([])
      await dropped.rollback()
      expect(await opened.readMessages()).toEqual([])
      await kept.commit()
      expect((await opened.readMessages()).map(({ id }) => id)).toEqual([keptRow.id])
    })

    it('refuses what is no transaction', async () => {
      const opened = await scene.open()
      const insertion = opened.store.insertMessages(opened.outside, [row()])
      await expect(insertion).rejects.toEqual(ofCode('OUTSIDE_TRANSACTION'))
      expect(await opened.readMessages()).toEqual([])
    })
  })
}

// Buffers and Uint8Arrays of the same bytes are one.
function normal(given: OutboxRow): unknown {
  const base64 = (value: Uint8Array | null) => value && Buffer.from(value).toString('base64')
  return { ...given, key: base64(given.key), payload: base64(given.payload) }
}
