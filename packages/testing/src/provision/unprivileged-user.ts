import { execFile } from 'node:child_process'
import { cp, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { provisioningFailed } from './provisioning-failed.js'

const execute = promisify(execFile)

/** A user that servers run as when the tests run as root, which PostgreSQL refuses. */
export interface UnprivilegedUser {
  readonly uid: number
  readonly gid: number
}

/** Undefined unless this process is root; then `postgres`, or `nobody` where there is no such user. */
export async function unprivilegedUser(): Promise<UnprivilegedUser | undefined> {
  if (process.getuid?.() !== 0) return undefined
  const user = (await lookUp('postgres')) ?? (await lookUp('nobody'))
  if (user !== undefined) return user
  throw provisioningFailed(
    'PostgreSQL',
    'PostgreSQL does not run as root, and there is neither a user postgres nor nobody. Run: useradd --system postgres',
  )
}

async function lookUp(name: string): Promise<UnprivilegedUser | undefined> {
  try {
    const [uid, gid] = await Promise.all([execute('id', ['-u', name]), execute('id', ['-g', name])])
    return { uid: Number(uid.stdout), gid: Number(gid.stdout) }
  } catch {
    return undefined
  }
}

/** `folder`, or a copy of it below `directory` where another user could not reach it (a checkout in a private home). */
export async function reachableByOthers(folder: string, directory: string): Promise<string> {
  if (await othersMayEnter(folder)) return folder
  const copy = join(directory, 'binaries')
  await cp(folder, copy, { recursive: true, verbatimSymlinks: true })
  return copy
}

async function othersMayEnter(folder: string): Promise<boolean> {
  const { mode } = await stat(folder)
  if ((mode & 0o005) !== 0o005) return false
  const parent = dirname(folder)
  return parent === folder || (await othersMayPass(parent))
}

async function othersMayPass(folder: string): Promise<boolean> {
  const { mode } = await stat(folder)
  if ((mode & 0o001) === 0) return false
  const parent = dirname(folder)
  return parent === folder || (await othersMayPass(parent))
}
