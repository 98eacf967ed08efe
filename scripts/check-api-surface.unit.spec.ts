import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { compareSurfaces, renderSurface } from './check-api-surface.mjs'

let root: string

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'api-surface-spec-'))
})

afterEach(() => rmSync(root, { recursive: true }))

function write(file: string, text: string): void {
  mkdirSync(join(root, dirname(file)), { recursive: true })
  writeFileSync(join(root, file), text)
}

function writePackage(index: string): void {
  const exports = {
    '.': { types: './dist/index.d.ts', default: './dist/index.js' },
    './deep': { types: './dist/deep.d.ts', default: './dist/deep.js' },
    './package.json': './package.json',
  }
  write('packages/core/package.json', JSON.stringify({ name: '@pigeonhole/core', exports }))
  write('packages/core/src/index.ts', index)
  write('packages/core/src/deep.ts', 'export const one = 1, two = 2\nconst hidden = 3\n')
}

describe('renderSurface', () => {
  it('lists each import path with what it exports, by name', () => {
    writePackage(`
      export { topic, type Topic } from './topic.js'
      export type { Inner as Outer } from './inner.js'
      export function create(): void {}
      export interface Options {}
    `)
    expect(renderSurface(root)).toBe(
      [
        '@pigeonhole/core',
        '  create',
        '  type Options',
        '  type Outer',
        '  topic',
        '  type Topic',
        '',
        '@pigeonhole/core/deep',
        '  one',
        '  two',
        '',
      ].join('\n'),
    )
  })

  it('refuses what exports without names', () => {
    writePackage("export * from './topic.js'\n")
    expect(() => renderSurface(root)).toThrow(
      'packages/core/src/index.ts: name each export instead of export *',
    )
  })
})

describe('compareSurfaces', () => {
  const before = 'a\n  one\n  type Two\n\nb\n  one\n'

  it('finds nothing between equals', () => {
    expect(compareSurfaces(before, before)).toEqual([])
  })

  it.each([
    ['an export that is gone', 'a\n  type Two\n\nb\n  one\n', ['- a: one']],
    ['an export that is new', 'a\n  one\n  type Two\n\nb\n  one\n  two\n', ['+ b: two']],
    ['a value that is a type now', 'a\n  type one\n  type Two\n\nb\n  one\n', ['- a: one', '+ a: type one']],
    ['a path that is gone', 'a\n  one\n  type Two\n', ['- b', '- b: one']],
  ])('tells of %s', (_what, after, differences) => {
    expect(compareSurfaces(before, after)).toEqual(differences)
  })
})
