import { describe, expect, it } from 'vitest'
import { readOptions } from './options.js'

describe('readOptions', () => {
  it('has defaults', () => {
    expect(readOptions([])).toEqual({ seed: 1, keep: false, orders: 120 })
  })

  it('reads what is given', () => {
    expect(readOptions(['--seed', '7', '--orders=20', '--keep'])).toEqual({ seed: 7, keep: true, orders: 20 })
    expect(readOptions(['--help'])).toBe('help')
  })

  it.each([
    ['--seed', 'x'],
    ['--seed', '-1'],
    ['--orders', '0'],
    ['--orders', '1.5'],
    ['--sed', '1'],
    ['seven'],
  ])('refuses %s %s', (...args) => {
    expect(() => readOptions(args)).toThrow(/seed|orders|sed|seven/)
  })
})
