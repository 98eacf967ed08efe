import { describe, expect, it } from 'vitest'
import { fillRegions, readRegion } from './readme-regions.mjs'

const source = 'before\n  // #region a\n  one {\n    two\n  }\n  // #endregion\nafter\n'

describe('a region', () => {
  it('is taken without the indentation that its lines share', () => {
    expect(readRegion(source, 'a')).toBe('one {\n  two\n}')
  })

  it('must be there', () => {
    expect(() => readRegion(source, 'b')).toThrow('no region b')
  })

  it('replaces what stands behind its marker', () => {
    const stale = 'x\n<!-- region a f.ts -->\n```ts\nstale\n```\ny\n'
    const filled = 'x\n<!-- region a f.ts -->\n```ts\none {\n  two\n}\n```\ny\n'
    expect(fillRegions(stale, () => source)).toBe(filled)
    expect(fillRegions('x\n<!-- region a f.ts -->\ny\n', () => source)).toBe(filled)
    expect(fillRegions(filled, () => source)).toBe(filled)
  })
})
