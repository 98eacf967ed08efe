import { describe, expect, it } from 'vitest'
import { type Lane, lanes, Plan } from './plan.js'
import { type Occasion, strikes } from './strikes.js'

const names = Object.keys(lanes) as Lane[]

function draw(plan: Plan, count: number): unknown[] {
  return [
    ...names.flatMap((lane) => Array.from({ length: count }, () => plan.nextStep(lane))),
    ...Array.from({ length: count }, () => plan.nextLife()),
    ...Array.from({ length: count }, () => plan.nextFate('adoption')),
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
    other.nextFate('resharding')
    expect(one.nextStep('brokers')).toEqual(other.nextStep('brokers'))
    expect(one.nextFate('relay')).toEqual(other.nextFate('relay'))
  })

  it.each(names)('gives each kind of %s a turn before one comes again', (lane) => {
    const plan = new Plan('7')
    for (let round = 0; round < 3; round++) {
      const kinds = lanes[lane].map(() => plan.nextStep(lane).kind)
      expect([...kinds].sort()).toEqual([...lanes[lane]].sort())
    }
  })

  it.each(Object.keys(strikes) as Occasion[])(
    'comes to every point of a %s, and to each again',
    (occasion) => {
      const plan = new Plan('7')
      const all = strikes[occasion].map(({ name }) => name)
      for (let round = 0; round < 2; round++) {
        const given = all.map(() => plan.nextFate(occasion).strike.name)
        expect([...given].sort()).toEqual([...all].sort())
      }
    },
  )

  it('gives out what was struck only when all else was, too', () => {
    const plan = new Plan('7')
    const all = strikes.resharding
    const struck = all.slice(1).map(() => {
      const fate = plan.nextFate('resharding')
      plan.struck('resharding', fate)
      return fate.strike.name
    })
    const open = all.find(({ name }) => !struck.includes(name))
    for (let i = 0; i < 3; i++) expect(plan.nextFate('resharding').strike).toEqual(open)
  })
})
