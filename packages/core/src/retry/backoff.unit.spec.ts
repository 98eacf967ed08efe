import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { backoffDelay } from './backoff.js'

const backoff = { initialMs: 100, maxMs: 1_000 }

describe('backoffDelay', () => {
  it.each([
    [1, 100],
    [2, 200],
    [3, 400],
    [4, 800],
    [5, 1_000],
    [6, 1_000],
    [10_000, 1_000],
  ])('is at most, at attempt %d, %d ms', (attempt, delayMs) => {
    expect(backoffDelay(backoff, attempt, () => 0)).toBe(delayMs)
  })

  it('is less at random, by up to a half', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 100 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (attempt, random) => {
          const full = backoffDelay(backoff, attempt, () => 0)
          const delay = backoffDelay(backoff, attempt, () => random)
          expect(delay).toBeLessThanOrEqual(full)
          expect(delay).toBeGreaterThanOrEqual(full / 2)
        },
      ),
    )
    expect(backoffDelay(backoff, 1, () => 0.5)).toBe(75)
  })

  it('differs from call to call', () => {
    expect(new Set(Array.from({ length: 20 }, () => backoffDelay(backoff, 5))).size).toBeGreaterThan(1)
  })
})
