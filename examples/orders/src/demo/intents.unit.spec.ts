import { describe, expect, it } from 'vitest'
import { formatIntentFaults, formatIntents } from './format-intents.js'
import { checkIntents, type Intent } from './intents.js'

const placed = (id: string, ...orderIds: string[]): Intent => ({
  id,
  answers: orderIds.map((orderId) => ({ status: 201, orderId })),
})
const refused = (id: string): Intent => ({ id, answers: [{ status: 409, orderId: null }] })
const trace = (intentId: string, orderId: string) => ({ intentId, orderId })

const one = trace('a', '1')
const right = checkIntents({
  intents: [placed('a', '1', '1'), refused('b')],
  orders: [one],
  events: [one],
})

describe('checkIntents', () => {
  it('finds no fault in one order, one event and one answer for each intent', () => {
    expect(right).toMatchObject({ intents: 2, refused: 1, orders: 1, faults: 0 })
  })

  it('finds intents without an order, but for those that were refused', () => {
    const { missing, faults } = checkIntents({
      intents: [{ id: 'a', answers: [] }, refused('b')],
      orders: [],
      events: [],
    })
    expect({ missing, faults }).toEqual({ missing: ['a'], faults: 1 })
  })

  it('finds every order and every event behind the first of an intent', () => {
    const orders = [one, trace('a', '2'), trace('a', '3')]
    const verdict = checkIntents({ intents: [placed('a', '1')], orders, events: [one, one] })
    expect(verdict).toMatchObject({
      duplicated: ['2, of a', '3, of a'],
      duplicatedEvents: ['1, of a'],
      differing: [],
      faults: 3,
    })
  })

  it('finds answers that differ, or that the orders contradict', () => {
    const orders = [one, trace('a', '2'), trace('c', '3')]
    const { differing } = checkIntents({
      intents: [placed('a', '1', '2'), placed('b', '9'), refused('c')],
      orders,
      events: [],
    })
    expect(differing).toEqual(['201 2, of a', '201 9, of b', '409 no order, of c'])
  })
})

describe('the table of intents', () => {
  const wrong = checkIntents({
    intents: [placed('a', '1', '2')],
    orders: [one, trace('a', '2'), trace('a', '3')],
    events: [],
  })

  it('has a column for each run', () => {
    expect(formatIntents({ 'usual way': wrong, Pigeonhole: right })).toBe(
      [
        '                         usual way   Pigeonhole',
        'intents                          1            2',
        'refused, sold out                0            1',
        'orders made                      3            1',
        'missing orders                   0            0',
        'duplicated orders                2            0',
        'duplicated events                0            0',
        'answers that differ              1            0',
        'faults                           3            0',
      ].join('\n'),
    )
  })

  it('shows an example of each fault', () => {
    expect(formatIntentFaults(wrong)).toEqual([
      'duplicated orders: 2, of a, and 1 more',
      'answers that differ: 201 2, of a',
    ])
    expect(formatIntentFaults(right)).toEqual([])
  })
})
