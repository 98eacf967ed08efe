import { describe, expect, it } from 'vitest'
import { makePlan } from './plan.js'

describe('makePlan', () => {
  it('follows from the seed alone', () => {
    expect(makePlan(7, 100)).toEqual(makePlan(7, 100))
    expect(makePlan(7, 100)).not.toEqual({ ...makePlan(8, 100), seed: 7 })
  })

  it('kills each kind of process, and pauses a sender and a consumer, whatever the seed', () => {
    for (let seed = 0; seed < 50; seed++) {
      const { faults } = makePlan(seed, 100)
      expect(faults.map(({ kind, role }) => `${kind} ${role}`)).toEqual([
        'kill orders 1',
        'kill orders 2',
        'kill shop 1',
        'kill billing 1',
        'pause billing 2',
        'kill sender 1',
        'pause sender 2',
      ])
      for (const { at } of faults) expect(at.count).toBeGreaterThan(0)
    }
  })

  it('gives different moments to different seeds', () => {
    const moments = Array.from({ length: 20 }, (_, seed) =>
      makePlan(seed, 100)
        .faults.map(({ at }) => at.count)
        .join(),
    )
    expect(new Set(moments).size).toBeGreaterThan(15)
  })
})
