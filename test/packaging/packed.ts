import { execFile } from 'node:child_process'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'

/** The top of this repository. */
export const root: string = join(import.meta.dirname, '..', '..')

/** One of our packages as it would be published. */
export interface Packed {
  readonly name: string
  readonly manifest: object & { readonly name: string; readonly version: string }
  /** The tarball's name in the folder that it was packed into. */
  readonly file: string
}

/** Packs every package into a folder. */
export async function packAll(folder: string): Promise<Packed[]> {
  const packages = (await readdir(join(root, 'packages'))).map((name) => join('packages', name))
  await npm(root, ['pack', '--pack-destination', folder, ...packages.flatMap((it) => ['--workspace', it])])
  return Promise.all(
    packages.map(async (it) => {
      const manifest = await readManifest(join(root, it))
      const { name, version } = manifest
      return { name, manifest, file: `${name.replace('@', '').replace('/', '-')}-${version}.tgz` }
    }),
  )
}

/** A package and the version of it that this repository uses. */
export async function installedVersion(name: string): Promise<[name: string, version: string]> {
  const { version } = await readManifest(join(root, 'node_modules', name))
  return [name, version]
}

async function readManifest(folder: string): Promise<Packed['manifest']> {
  return JSON.parse(await readFile(join(folder, 'package.json'), 'utf8'))
}

export const execute = promisify(execFile)

export function npm(
  cwd: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv = process.env,
): Promise<unknown> {
  return execute('npm', args, { cwd, env, maxBuffer: 64 * 1024 * 1024 })
}
