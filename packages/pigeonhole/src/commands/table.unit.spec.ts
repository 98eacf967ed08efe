import { describe, expect, it } from 'vitest'
import { table } from './table.js'

describe('a table', () => {
  it('has columns as wide as they need to be', () => {
    expect(
      table(
        ['id', 'why'],
        [
          ['7', 'x'],
          ['12345', ''],
        ],
      ),
    ).toEqual(['id     why', '7      x', '12345'])
  })

  it.each([
    ['an end of a line', 'Invalid\ninvocation', 'Invalid\\ninvocation'],
    ['a colour', '\u001b[31mred', '\\u{1b}[31mred'],
    ['a turned direction', 'a\u202eb', 'a\\u{202e}b'],
    ['a separator of lines', 'a\u2028b', 'a\\u{2028}b'],
  ])('shows %s as its escape', (_, cell, shown) => {
    expect(table(['why'], [[cell]])).toEqual(['why', shown])
  })

  it('does not widen all lines for a cell that is very long', () => {
    const long = 'k'.repeat(5_000)
    expect(
      table(
        ['key', 'why'],
        [
          [long, 'x'],
          ['a', 'y'],
        ],
      ),
    ).toEqual(['key  why', `${long}  x`, 'a    y'])
  })
})
