import { describe, expect, it } from 'vitest'
import { type Lane, lanes, Plan, pointNames } from './plan.js'

const names = Object.keys(lanes) as Lane[]

function draw(plan: Plan, count: number): unknown[] {
  return [
    ...names.flatMap((lane) => Array.from({ length: count }, () => plan.nextStep(lane))),
    ...Array.from({ length: count }, () => plan.nextLife(0)),
    ...Array.from({ length: count }, () => plan.firstLife(1)),
  ]
}

describe('a plan of faults', () => {
  it('is determined by its seed', () => {
    expect(draw(new Plan('7'), 50)).toEqual(draw(new Plan('7'), 50))
    expect(draw(new Plan('7'), 50)).not.toEqual(draw(new Plan('8'), 50))
  })

  it('does not depend on the order in which lanes ask', () => {
    const [one, other] = [new Plan('7'), new Plan('7')]
    other.nextStep('database')
    other.nextLife(1)
    expect(one.nextStep('brokers')).toEqual(other.nextStep('brokers'))
    expect(one.nextLife(0)).toEqual(other.nextLife(0))
  })

  it.each(names)('gives each kind of %s a turn before one comes again', (lane) => {
    const plan = new Plan('7')
    for (let round = 0; round < 3; round++) {
      const kinds = lanes[lane].map(() => plan.nextStep(lane).kind)
      expect([...kinds].sort()).toEqual([...lanes[lane]].sort())
    }
  })

  it('comes to every named point', () => {
    const plan = new Plan('7')
    const struck = Array.from({ length: 300 }, () => [plan.nextLife(0), plan.firstLife(1)]).flat()
    expect(new Set(struck.flatMap(({ fault }) => fault?.point ?? []))).toEqual(new Set(pointNames))
  })
})
