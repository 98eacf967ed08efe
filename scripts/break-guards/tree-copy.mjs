// @ts-check
import { spawnSync } from 'node:child_process'
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  symlinkSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'

const notCopied = new Set(['node_modules', '.git', '.turbo'])

/**
 * Copies a checkout, without its dependencies, which are linked. Resolves to the copy's path, built.
 * @param {string} root
 * @returns {string}
 */
export function copyTree(root) {
  const copy = realpathSync(mkdtempSync(join(tmpdir(), 'pigeonhole-guards-')))
  cpSync(root, copy, {
    recursive: true,
    // tsc tells by it what is up to date.
    preserveTimestamps: true,
    filter: (source) => !notCopied.has(basename(source)),
  })
  linkModules(join(root, 'node_modules'), join(copy, 'node_modules'))
  for (const workspace of workspacesOf(root)) {
    const own = join(root, workspace, 'node_modules')
    if (existsSync(own)) symlinkSync(own, join(copy, workspace, 'node_modules'))
  }
  build(copy)
  return copy
}

// The links to the workspaces are relative: the same ones lead to the copied workspaces.
/**
 * @param {string} from
 * @param {string} to
 */
function linkModules(from, to) {
  mkdirSync(to)
  for (const entry of readdirSync(from, { withFileTypes: true })) {
    const source = join(from, entry.name)
    const target = join(to, entry.name)
    if (entry.isSymbolicLink()) symlinkSync(readlinkSync(source), target)
    else if (entry.name.startsWith('@')) linkModules(source, target)
    else if (!entry.name.startsWith('.')) symlinkSync(source, target)
  }
}

/**
 * @param {string} root
 * @returns {string[]}
 */
function workspacesOf(root) {
  /** @type {{ workspaces: string[] }} */
  const { workspaces } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  return workspaces.flatMap((pattern) => {
    if (!pattern.endsWith('/*')) return [pattern]
    const folder = pattern.slice(0, -2)
    return readdirSync(join(root, folder)).map((name) => join(folder, name))
  })
}

/** @param {string} copy */
function build(copy) {
  const tsc = join(copy, 'node_modules', 'typescript', 'bin', 'tsc')
  const { status, stdout } = spawnSync(process.execPath, [tsc, '-b', '.', 'test'], {
    cwd: copy,
    encoding: 'utf8',
  })
  if (status !== 0) throw new Error(`The checkout does not build:\n${stdout}`)
}
