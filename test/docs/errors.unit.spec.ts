import { describe, expect, it } from 'vitest'
import { readInterface } from './interface-docs.js'
import { readRows } from './markdown.js'

const codes = readInterface('packages/core/src/errors/error-codes.ts', 'ErrorDetails').properties.map(
  ({ name }) => name,
)
const rows = readRows('errors.md')

describe('docs/errors.md', () => {
  it('has one row for each code, and no other', () => {
    const documented = rows.map(([first]) => first?.match(/`([A-Z_]+)`$/)?.[1])
    expect(documented.toSorted()).toEqual(codes.toSorted())
  })

  it.each(rows)('gives %s an anchor, a meaning and a remedy', (first, meaning, remedy, ...rest) => {
    const code = first?.match(/`([A-Z_]+)`$/)?.[1]
    expect(first).toBe(`<a id="${code?.toLowerCase()}"></a>\`${code}\``)
    expect(meaning).toMatch(/^[A-Z`].+\.(\*\*)?$/)
    expect(remedy).toMatch(/\.$/)
    expect(rest).toEqual([])
  })
})
