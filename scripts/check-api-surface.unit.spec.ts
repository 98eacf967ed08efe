import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { describeSurface } from './check-api-surface.mjs'

let root: string

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'api-surface-spec-'))
  write(
    'packages/a/package.json',
    '{ "name": "@x/a", "exports": { "./sub": { "types": "./dist/sub.d.ts" } } }',
  )
})

afterEach(() => rmSync(root, { recursive: true }))

function write(file: string, text: string): void {
  mkdirSync(join(root, dirname(file)), { recursive: true })
  writeFileSync(join(root, file), text)
}

test('lists every export by path, types apart from values, re-exports included', () => {
  write(
    'packages/a/dist/sub.d.ts',
    "export { run, type Options } from './run.js'\nexport declare class Stop {}\n",
  )
  write('packages/a/dist/run.d.ts', 'export declare function run(): void\nexport interface Options {}\n')
  expect(describeSurface(root)).toContain('\n## @x/a/sub\n\n- Stop\n- run\n- type Options\n')
})

test('refuses a package that was not built', () => {
  expect(() => describeSurface(root)).toThrow('build the packages first')
})
