import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { restoreSymlinks } from './postgres-binaries.js'
import { reachableByOthers } from './unprivileged-user.js'

let folder: string
let root: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'binaries-spec-'))
  root = join(folder, 'native')
  await mkdir(join(root, 'lib'), { recursive: true })
  await writeFile(join(root, 'lib', 'libpq.so.5.18'), 'library')
  await writeFile(
    join(root, 'pg-symlinks.json'),
    JSON.stringify([{ source: 'native/lib/libpq.so.5.18', target: 'native/lib/libpq.so.5' }]),
  )
})

afterEach(() => rm(folder, { recursive: true }))

test('restores the links that no install script has restored, and does so again without harm', async () => {
  await restoreSymlinks(root)
  await restoreSymlinks(root)
  expect(await readFile(join(root, 'lib', 'libpq.so.5'), 'utf8')).toBe('library')
})

test('copies the binaries where another user cannot reach them', async () => {
  // mkdtemp makes a folder that only its owner may enter.
  const copy = await reachableByOthers(root, folder)
  expect(copy).toBe(join(folder, 'binaries'))
  expect(await readFile(join(copy, 'lib', 'libpq.so.5.18'), 'utf8')).toBe('library')
})

test('uses the binaries in place where others can reach them', async () => {
  await chmod(folder, 0o755)
  expect(await reachableByOthers(root, folder)).toBe(root)
})
