import { describe, expect, it } from 'vitest'
import { History, Rate, TotalRate } from './history.js'

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

describe('a rate of totals', () => {
  it('is that of ten seconds, or since the first look', () => {
    const rate = new TotalRate()
    rate.add(1_000, 100)
    rate.add(3_000, 110)
    rate.add(11_000, 120)
    rate.add(13_000, 120)
    expect(rate.samples).toEqual([
      [3_000, 5],
      [11_000, 2],
      [13_000, 1],
    ])
  })

  it('is none where the total went back, and goes on from there', () => {
    const rate = new TotalRate()
    rate.add(0, 100)
    rate.add(10_000, 5)
    rate.add(20_000, 15)
    expect(rate.samples).toEqual([
      [10_000, 0],
      [20_000, 1],
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
