import { copyFile, cp, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { execute, npm, root } from './packed.js'

interface Manifest {
  readonly name: string
  readonly version: string
  readonly dependencies?: Readonly<Record<string, string>>
}

interface Changeset {
  readonly bumps: ReadonlyMap<string, string>
  readonly firstLine: string
}

let clone: string
let before: string
let changesets: readonly Changeset[]

/** A checkout of its own, of what is committed, with a fix of one package beside what is pending, and versioned. */
beforeAll(async () => {
  clone = await mkdtemp(join(tmpdir(), 'release-spec-'))
  await execute('git', ['clone', '--quiet', '--local', root, clone])
  await symlink(join(root, 'node_modules'), join(clone, 'node_modules'))
  for (const folder of await folders())
    await cp(join(root, folder, 'dist'), join(clone, folder, 'dist'), { recursive: true })
  await writeFile(
    join(clone, '.changeset', 'a-fix.md'),
    "---\n'@pigeonhole/prisma': patch\n---\n\nMended: one.\n",
  )
  changesets = await readChangesets()
  before = (await manifestOf('packages/core')).version
  await npm(clone, ['run', 'version-packages'])
}, 300_000)

afterAll(() => rm(clone, { recursive: true, force: true }))

async function folders(): Promise<string[]> {
  return (await readdir(join(root, 'packages'))).map((name) => join('packages', name))
}

async function manifestOf(folder: string): Promise<Manifest> {
  return JSON.parse(await readFile(join(clone, folder, 'package.json'), 'utf8'))
}

async function pending(): Promise<string[]> {
  return (await readdir(join(clone, '.changeset'))).filter((file) => file.endsWith('.md'))
}

function readChangesets(): Promise<Changeset[]> {
  return pending().then((files) =>
    Promise.all(
      files.map(async (file) => {
        const [, head = '', text = ''] = (await readFile(join(clone, '.changeset', file), 'utf8')).split(
          '---\n',
        )
        const bumps = [...head.matchAll(/^['"](.+)['"]: (\w+)$/gm)].map(([, name = '', bump = '']) => [
          name,
          bump,
        ])
        return { bumps: new Map(bumps as [string, string][]), firstLine: text.trim().split('\n')[0] ?? '' }
      }),
    ),
  )
}

function tarballOf(name: string, version: string): string {
  return `${name.replace('@', '').replace('/', '-')}-${version}.tgz`
}

/** The version that the greatest of all pending bumps makes. */
function expectedVersion(): string {
  const [major = 0, minor = 0, patch = 0] = before.split('.').map(Number)
  const bumps = new Set(changesets.flatMap((changeset) => [...changeset.bumps.values()]))
  if (bumps.has('major')) return `${major + 1}.0.0`
  return bumps.has('minor') ? `${major}.${minor + 1}.0` : `${major}.${minor}.${patch + 1}`
}

test('all packages get one version, that of the greatest change, and need each other in exactly it', async () => {
  expect(await pending()).toEqual([])
  const lock = JSON.parse(await readFile(join(clone, 'package-lock.json'), 'utf8'))
  for (const folder of await folders()) {
    const { name, version, dependencies = {} } = await manifestOf(folder)
    expect({ name, version }).toEqual({ name, version: expectedVersion() })
    expect(lock.packages[folder].version).toBe(version)
    const ours = Object.entries(dependencies).filter(([needed]) => needed.startsWith('@pigeonhole/'))
    expect(ours).toEqual(ours.map(([needed]) => [needed, version]))
  }
})

test('what a change says stands in the changelog of each package that it names, and of no other', async () => {
  for (const folder of await folders()) {
    const { name, version } = await manifestOf(folder)
    const text = await readFile(join(clone, folder, 'CHANGELOG.md'), 'utf8')
    expect(text).toContain(`## ${version}\n`)
    expect(text).not.toContain('Updated dependencies')
    const told = changesets.filter(({ firstLine }) => text.includes(firstLine))
    const named = changesets.filter(({ bumps }) => bumps.has(name))
    expect(told.map(({ firstLine }) => firstLine)).toEqual(named.map(({ firstLine }) => firstLine))
  }
})

test('a release is dry unless it is told to publish, and says what stands against it', async () => {
  const env = { ...process.env, ACTIONS_ID_TOKEN_REQUEST_URL: undefined, SIGSTORE_ID_TOKEN: undefined }
  const release = (...args: string[]) =>
    execute('node', [join('scripts', 'release.mjs'), ...args], { cwd: clone, env })
  const { stderr } = await release()
  for (const folder of await folders()) {
    const { name, version } = await manifestOf(folder)
    expect(stderr).toContain(`npm notice filename: ${tarballOf(name, version)}\n`)
  }
  expect(stderr).toContain('Nothing was published.')

  await copyFile(join(root, '.changeset', 'config.json'), join(clone, '.changeset', 'late.md'))
  const refused = await release('--publish').catch((error) => error)
  expect(refused).toMatchObject({ code: 1, stdout: '' })
  expect(refused.stderr.split('\n').map((line: string) => line.split(':')[0])).toEqual([
    '1 changesets have no version yet',
    'The checkout has changes that are not committed',
    'No provenance can be signed here',
    '',
  ])
}, 300_000)

test('each package says where its source is, and is published with provenance', async () => {
  for (const folder of await folders()) {
    expect(await manifestOf(folder)).toMatchObject({
      repository: { type: 'git', url: expect.stringMatching(/^git\+https:\/\//), directory: folder },
      publishConfig: { access: 'public', provenance: true },
    })
  }
})
