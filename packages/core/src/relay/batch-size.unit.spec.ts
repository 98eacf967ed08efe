import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { BatchSize } from './batch-size.js'

/** Sends `rows` in batches as a relay does, of which those are refused that have a poison in them. */
function send(rows: number, poisons: ReadonlySet<number>, full: number) {
  const size = new BatchSize(full)
  const parked: number[] = []
  let attempts = 0
  for (let at = 0; at < rows; ) {
    const count = Math.min(size.rows, rows - at)
    const refused = Array.from({ length: count }, (_, i) => at + i).some((row) => poisons.has(row))
    attempts += 1
    if (!refused) {
      size.passed(count)
      at += count
    } else if (count > 1) size.refused(count)
    else {
      parked.push(at)
      size.found()
      at += 1
    }
  }
  return { parked, attempts, size }
}

describe('BatchSize', () => {
  it('finds each record that is refused, alone, in few attempts', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 300 }),
        fc.integer({ min: 1, max: 300 }),
        fc.uniqueArray(fc.nat(299), { maxLength: 4 }),
        (full, rows, places) => {
          const poisons = new Set(places.map((place) => place % rows))
          const { parked, attempts } = send(rows, poisons, full)
          expect(parked).toEqual([...poisons].sort((a, b) => a - b))
          const each = 2 * Math.ceil(Math.log2(full) + 2)
          expect(attempts).toBeLessThanOrEqual(Math.ceil(rows / full) + poisons.size * each)
        },
      ),
    )
  })

  it('stays full while nothing is refused', () => {
    const { attempts, size } = send(100, new Set(), 10)
    expect({ attempts, rows: size.rows }).toEqual({ attempts: 10, rows: 10 })
  })

  it('is full again at once when the record is found', () => {
    const { size } = send(5_000, new Set([4_000]), 5_000)
    expect(size.rows).toBe(5_000)
  })

  it('halves the batch that was refused, not the limit', () => {
    const size = new BatchSize(5_000)
    size.refused(7)
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

describe('BatchSize after a batch that took too long', () => {
  it('is half of that batch, again and again, down to a single record', () => {
    const size = new BatchSize(100)
    const sizes = [100, 50, 25, 12, 6, 3, 1, 1].map((rows) => {
      expect(size.rows).toBe(rows)
      size.tooSlow(size.rows)
      return size.rows
    })
    expect(sizes.at(-1)).toBe(1)
  })

  it('grows little by little with batches that fill it, and not with smaller ones', () => {
    const size = new BatchSize(128)
    size.tooSlow(128)
    size.passed(10)
    expect(size.rows).toBe(64)
    size.passed(64)
    expect(size.rows).toBe(66)
    for (let batch = 0; batch < 100; batch++) size.passed(size.rows)
    expect(size.rows).toBe(128)
  })

  it('does not forget what it learned when a refused record is found', () => {
    const size = new BatchSize(100)
    size.tooSlow(100)
    size.refused(50)
    size.found()
    expect(size.rows).toBe(50)
  })
})
