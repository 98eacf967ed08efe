import { originCursor } from '@pigeonhole/core'
import { describe, expect, it } from 'vitest'
import { row, type StoreScene } from '../store-scene.js'
import type { OpenTransaction } from '../store-subject.js'
import { lead } from './relay-scene.js'

interface Writer<Tx> extends OpenTransaction<Tx> {
  readonly ids: string[]
}

const seeds = [1, 2, 3]
const steps = 150

/** Whatever the interleaving of transactions and pages, each committed message is captured once. */
export function describeCaptureUnderLoad<Tx>(scene: StoreScene<Tx>): void {
  describe('a capture beside open transactions', () => {
    it.each(seeds)('has each committed message once, and no other (seed %i)', async (seed) => {
      const { opened, readPage } = await lead(scene)
      const random = randomOf(seed)
      const open: Writer<Tx>[] = []
      const committed: string[] = []
      const captured: string[] = []
      let cursor = originCursor

      const insert = async (): Promise<void> => {
        const fresh = random(2) === 0 || open.length === 0
        if (fresh && open.length < 6) open.push({ ...(await opened.begin()), ids: [] })
        const writer = open[random(open.length)]
        const rows = Array.from({ length: 1 + random(3) }, () => row())
        await opened.store.insertMessages(writer?.tx as Tx, rows)
        writer?.ids.push(...rows.map(({ id }) => id))
      }
      const end = async (): Promise<void> => {
        const [writer] = open.splice(random(open.length), 1)
        if (!writer) return
        if (random(4) === 0) return writer.rollback()
        await writer.commit()
        committed.push(...writer.ids)
      }
      const capture = async (): Promise<void> => {
        const page = await readPage(cursor, { maxRows: 1 + random(4) })
        captured.push(...page.rows.map(({ id }) => id))
        cursor = page.cursor
      }

      for (let step = 0; step < steps; step++) await [insert, insert, end, capture][random(4)]?.()
      while (open.length > 0) await end()
      for (let before = -1; captured.length > before; ) {
        before = captured.length
        await capture()
      }

      expect(committed.length).toBeGreaterThan(20)
      expect(captured.toSorted()).toEqual(committed.toSorted())
    })
  })
}

// A linear congruential generator, so that a seed means the same on every machine.
function randomOf(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
}
