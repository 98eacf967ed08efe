import { describe, expect, it } from 'vitest'
import { fillTables } from './guard-tables.mjs'

const entry = { file: 'f', find: 'x', replace: 'y' }
const guards = [
  { ...entry, part: 'a', name: 'one | two', spec: 's.ts', test: 'is missed' },
  { ...entry, part: 'b', name: 'three', spec: 't.ts', test: 'is missed, too' },
]

describe('fillTables', () => {
  it('writes the guards of the parts that a marker names behind it, and nothing the second time', () => {
    const filled = fillTables('# Promise\n\n<!-- guards: b, a -->\n\nText\n', guards)
    expect(filled).toContain('| one \\| two | `s.ts`: is missed |\n| three | `t.ts`: is missed, too |\n')
    expect(filled).toMatch(
      /^# Promise\n\n<!-- guards: b, a -->\n<details>\n<summary>2 guards,[\s\S]*<\/details>\n\nText\n$/,
    )
    expect(fillTables(filled, guards)).toBe(filled)
  })

  it('takes a guard out of the table that is no longer in the list', () => {
    const filled = fillTables('<!-- guards: a -->\n', guards.slice(0, 1))
    expect(() => fillTables(filled, [])).toThrow('part "a"')
  })

  it('refuses guards whose promise nobody has named', () => {
    expect(() => fillTables('<!-- guards: a -->\n', guards)).toThrow('names no promise for: b')
  })

  it('refuses a part that stands behind two markers', () => {
    expect(() => fillTables('<!-- guards: a -->\n<!-- guards: a, b -->\n', guards)).toThrow('second table')
  })
})
