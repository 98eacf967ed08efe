import { describe, expect, it } from 'vitest'
import { History, Rate } from './history.js'

describe('a history', () => {
  it('keeps ten minutes', () => {
    const history = new History()
    history.add(0, 1)
    history.add(1, 2)
    history.add(600_001, 3)
    expect(history.samples).toEqual([
      [1, 2],
      [600_001, 3],
    ])
  })
})

describe('a rate', () => {
  it('is that of each step that is over, also where nothing was counted', () => {
    const rate = new Rate(0)
    rate.count(100, 5)
    rate.count(1_900, 5)
    rate.count(2_000, 1)
    expect(rate.samples(3_999)).toEqual([[2_000, 5]])
    expect(rate.samples(6_000)).toEqual([
      [2_000, 5],
      [4_000, 0.5],
      [6_000, 0],
    ])
  })

  it('goes on after a long silence with no more than it keeps', () => {
    const rate = new Rate(0)
    const samples = rate.samples(86_400_000)
    expect(samples).toHaveLength(300)
    expect(samples.at(-1)).toEqual([86_400_000, 0])
  })
})
