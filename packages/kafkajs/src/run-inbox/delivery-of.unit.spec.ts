import { describe, expect, it } from 'vitest'
import { deliveryOf } from './delivery-of.js'

const place = { topic: 'orders', partition: 3 }
const plain = {
  attributes: 0,
  key: null,
  value: null,
  timestamp: '1700000000000',
  offset: '9007199254740993',
}

describe('deliveryOf', () => {
  it('keeps the offset exact, and a tombstone one', () => {
    const delivery = deliveryOf(place, { ...plain, headers: {} })
    expect(delivery).toEqual({
      ...place,
      offset: 9007199254740993n,
      key: null,
      value: null,
      headers: [],
      timestamp: new Date(1_700_000_000_000),
    })
  })

  it('keeps each value of a header that comes more than once, and one without a value', () => {
    const headers = { a: [Buffer.from('1'), Buffer.from('2')], b: null as never, c: 'text' }
    const pairs = deliveryOf(place, { ...plain, headers }).headers.map(([name, value]) => [
      name,
      String(value),
    ])
    expect(pairs).toEqual([
      ['a', '1'],
      ['a', '2'],
      ['b', ''],
      ['c', 'text'],
    ])
  })

  it.each([
    ['is that of microseconds', '1700000000000000', { timestamp: new Date(1_700_000_000_000_000) }],
    ['is absent where no Date has it, as of nanoseconds', '1700000000000000000', {}],
  ])('has a time that %s', (_, timestamp, expected) => {
    const { offset, key, value, headers, ...rest } = deliveryOf(place, { ...plain, timestamp, headers: {} })
    expect(rest).toEqual({ ...place, ...expected })
  })

  it('has no headers and no time where the message has none', () => {
    const oldest = { offset: '0', size: 1, attributes: 0, key: null, value: null, timestamp: '-1' }
    expect(deliveryOf(place, oldest)).toEqual({ ...place, offset: 0n, key: null, value: null, headers: [] })
  })
})
