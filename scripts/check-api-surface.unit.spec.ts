import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { compareReports } from './check-api-surface.mjs'

let root: string

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'api-surface-spec-'))
  writePackage(['.', './deep'])
  write('packages/core/dist/index.d.ts', "export { create, type Options } from './create.js'\n")
  writeCreate('readonly size: number')
  write('packages/core/dist/deep.d.ts', 'export declare const one = 1\n')
  compareReports(root, { write: true })
})

afterEach(() => rmSync(root, { recursive: true }))

function write(file: string, text: string): void {
  mkdirSync(join(root, dirname(file)), { recursive: true })
  writeFileSync(join(root, file), text)
}

function writePackage(paths: readonly string[]): void {
  const targets = paths.map((path) => [path, { types: `./dist/${path === '.' ? 'index' : 'deep'}.d.ts` }])
  const exports = { ...Object.fromEntries(targets), './package.json': './package.json' }
  write('packages/core/package.json', JSON.stringify({ name: '@pigeonhole/core', type: 'module', exports }))
}

// Not the file that is exported: what it takes from others counts, too.
function writeCreate(property: string): void {
  const create = 'export declare function create(options: Options): void\n'
  write('packages/core/dist/create.d.ts', `${create}export interface Options {\n  ${property};\n}\n`)
}

function differences(): string {
  return compareReports(root, { write: false }).join('\n')
}

describe('compareReports', () => {
  it('finds nothing where nothing has changed, for each import path', () => {
    expect(differences()).toBe('')
    expect(existsSync(join(root, 'docs/api-reports/@pigeonhole/core.api.md'))).toBe(true)
    expect(existsSync(join(root, 'docs/api-reports/@pigeonhole/core/deep.api.md'))).toBe(true)
  })

  it('shows a type that has changed, though every name is as it was', () => {
    writeCreate('readonly size?: number')
    expect(differences()).toContain('-    readonly size: number;\n+    readonly size?: number;')
    compareReports(root, { write: true })
    expect(differences()).toBe('')
  })

  it('shows an export that is new, and a path', () => {
    write('packages/core/dist/deep.d.ts', 'export declare const one = 1\nexport declare const two = 2\n')
    expect(differences()).toContain('+export const two = 2;')
    rmSync(join(root, 'docs/api-reports/@pigeonhole/core/deep.api.md'))
    expect(differences()).toContain('The API report file is missing')
  })

  it('tells of a path that is gone', () => {
    writePackage(['.'])
    expect(differences()).toBe(
      'docs/api-reports/@pigeonhole/core/deep.api.md is of a path that is not exported',
    )
    compareReports(root, { write: true })
    expect(differences()).toBe('')
  })
})
