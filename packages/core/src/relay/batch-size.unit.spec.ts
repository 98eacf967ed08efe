import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { BatchSize } from './batch-size.js'

/** Sends `rows` in batches as a relay does, of which those are refused that have a poison in them. */
function send(rows: number, poisons: ReadonlySet<number>, full: number) {
  const size = new BatchSize(full)
  let attempts = 0
  for (let at = 0; at < rows; ) {
    const count = Math.min(size.rows, rows - at)
    const refused = Array.from({ length: count }, (_, i) => at + i).some((row) => poisons.has(row))
    attempts += 1
    if (!refused) {
      size.passed(count)
      at += count
    } else if (!size.refused(count)) return { haltedAt: at, attempts, size }
  }
  return { haltedAt: undefined, attempts, size }
}

describe('BatchSize', () => {
  it('finds the first record that is refused, alone, in few attempts', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 300 }),
        fc.integer({ min: 1, max: 300 }),
        fc.nat(299),
        (full, rows, first) => {
          const poisons = new Set([first % rows, rows - 1])
          const { haltedAt, attempts } = send(rows, poisons, full)
          expect(haltedAt).toBe(first % rows)
          expect(attempts).toBeLessThanOrEqual(Math.ceil(rows / full) + 2 * Math.ceil(Math.log2(full) + 1))
        },
      ),
    )
  })

  it('stays full while nothing is refused', () => {
    const { attempts, size } = send(100, new Set(), 10)
    expect({ attempts, rows: size.rows }).toEqual({ attempts: 10, rows: 10 })
  })

  it('cannot divide a single record', () => {
    const size = new BatchSize(10)
    expect(size.refused(1)).toBe(false)
    expect(size.refused(0)).toBe(false)
    expect(size.rows).toBe(10)
  })

  it('halves the batch that was refused, not the limit', () => {
    const size = new BatchSize(5_000)
    expect(size.refused(7)).toBe(true)
    expect(size.rows).toBe(4)
  })

  it('is full again once every row of the refused batch has passed', () => {
    const size = new BatchSize(10)
    size.refused(10)
    size.passed(5)
    expect(size.rows).toBe(5)
    size.passed(5)
    expect(size.rows).toBe(10)
  })

  it('counts the rows of the first refused batch, not of its halves', () => {
    const size = new BatchSize(8)
    size.refused(8)
    size.refused(4)
    size.passed(2)
    size.passed(2)
    expect(size.rows).toBe(2)
    size.passed(4)
    expect(size.rows).toBe(8)
  })
})
