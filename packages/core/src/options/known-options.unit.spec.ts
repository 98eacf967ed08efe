import { describe, expect, it } from 'vitest'
import { assertKnownOptions, assertName, assertWholeNumber } from './known-options.js'

describe('assertKnownOptions', () => {
  const known = ['batchRows', 'batchBytes', 'leaseMs']

  it('accepts what is known, and nothing at all', () => {
    expect(() => assertKnownOptions('createRelay', { leaseMs: 1, batchRows: undefined }, known)).not.toThrow()
    expect(() => assertKnownOptions('createRelay', {}, known)).not.toThrow()
  })

  it('names the owner, the option, the nearest and all that are known', () => {
    expect(() => assertKnownOptions('createRelay', { leaseMs: 1, leesMs: 2 }, known)).toThrow(
      expect.objectContaining({
        code: 'OPTION_INVALID',
        message:
          'createRelay has no option "leesMs". Did you mean "leaseMs"? Known: batchRows, batchBytes, leaseMs',
        details: { option: 'leesMs', nearest: 'leaseMs' },
      }),
    )
  })
})

describe('assertWholeNumber', () => {
  it.each([[1], [2], [3]])('accepts %d of 1 to 3', (value) => {
    expect(() => assertWholeNumber('rows', value, { min: 1, max: 3 })).not.toThrow()
  })

  it.each([[0], [4], [1.5], [Number.NaN], [Number.POSITIVE_INFINITY], ['2' as unknown as number]])(
    'refuses %s',
    (value) => {
      expect(() => assertWholeNumber('rows', value, { min: 1, max: 3 })).toThrow(
        expect.objectContaining({
          code: 'OPTION_INVALID',
          message: `Option rows is ${value}: it takes a whole number from 1 to 3`,
          details: { option: 'rows' },
        }),
      )
    },
  )

  it('has no upper bound of its own but that of exact numbers', () => {
    expect(() => assertWholeNumber('rows', Number.MAX_SAFE_INTEGER, { min: 0 })).not.toThrow()
    expect(() => assertWholeNumber('rows', 2 ** 53, { min: 0 })).toThrow()
  })
})

describe('assertName', () => {
  it.each(['a', 'orders.eu-1_b', 'x'.repeat(100)])('accepts %j', (name) => {
    expect(() => assertName('name', name)).not.toThrow()
  })

  it.each([[''], ['a b'], ['a/b'], ['ä'], ['x'.repeat(101)], ['a\n'], [undefined], [null], [7]])(
    'refuses %j',
    (name) => {
      expect(() => assertName('name', name)).toThrow(
        expect.objectContaining({ code: 'OPTION_INVALID', details: { option: 'name' } }),
      )
    },
  )
})
