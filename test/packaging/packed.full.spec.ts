import { cp, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createDatabase, createTopics, type TestDatabase } from '@pigeonhole/testing'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { execute, installedVersion, npm, type Packed, packAll, root } from './packed.js'

let project: string
let database: TestDatabase
let compilerOutput: string
let packages: readonly Packed[]

const usual: ReadonlySet<string> = new Set([
  'MIT',
  'Apache-2.0',
  'ISC',
  'BSD-2-Clause',
  'BSD-3-Clause',
  '0BSD',
  'BlueOak-1.0.0',
])

/** Packs every package, and installs what was packed in a project that has nothing else of ours. */
beforeAll(async () => {
  project = await mkdtemp(join(tmpdir(), 'packed-spec-'))
  database = await createDatabase({ url: inject('databaseUrl') })
  await cp(join(root, 'test', 'packaging', 'consumer'), project, { recursive: true })
  await cp(join(root, 'examples', 'orders', 'src', 'generated', 'orders'), join(project, 'generated'), {
    recursive: true,
  })
  packages = await packAll(project)
  await writeFile(join(project, 'package.json'), JSON.stringify(await manifest()))
  await npm(project, ['install', '--prefer-offline', '--no-audit', '--no-fund', '--ignore-scripts'])
  const compiled = await execute(installed('tsc'), [], { cwd: project }).catch((error) => error)
  compilerOutput = compiled.stdout
}, 400_000)

afterAll(async () => {
  await database.drop()
  await rm(project, { recursive: true, force: true })
})

/** A manifest as a user's would be, but that our packages come from the files just packed. */
async function manifest(): Promise<object> {
  const tarballs = packages.map(({ name, file }) => [name, `file:${file}`])
  const peers = ['kafkajs', 'pg', '@types/pg', '@types/node', '@prisma/client', 'prom-client', 'typescript']
  const versions = await Promise.all(peers.map(installedVersion))
  return { private: true, type: 'module', dependencies: Object.fromEntries([...tarballs, ...versions]) }
}

function installed(program: string): string {
  return join(project, 'node_modules', '.bin', program)
}

test('the packages hold neither tests nor what only tests use', async () => {
  const scope = await readdir(join(project, 'node_modules', '@pigeonhole'), { recursive: true })
  const files = [
    ...scope,
    ...(await readdir(join(project, 'node_modules', 'pigeonhole'), { recursive: true })),
  ]
  expect(files).toContain(join('core', 'dist', 'index.js'))
  expect(files.filter((file) => /\.(spec|test-d|fake|harness)\.|tsbuildinfo/.test(file))).toEqual([])
})

test('each package has its licence, and says what it is', async () => {
  for (const { name } of packages) {
    const files = await readdir(join(project, 'node_modules', name))
    expect(files).toEqual(expect.arrayContaining(['LICENSE', 'README.md']))
  }
})

test('npm would publish each of them as it is, in public and with its provenance', async () => {
  const all = packages.flatMap(({ name }) => ['--workspace', name])
  const { stderr } = await execute('npm', ['publish', '--dry-run', ...all], { cwd: root })
  for (const { name, manifest } of packages) {
    expect(stderr).toContain(`npm notice name: ${name}\n`)
    expect(manifest).toMatchObject({ publishConfig: { access: 'public', provenance: true } })
  }
  // What npm corrects by itself, and all else that it minds, but that nobody is logged in here.
  const warnings = stderr.split('\n').filter((line) => line.startsWith('npm warn'))
  expect(warnings.filter((line) => !line.includes('requires you to be logged in'))).toEqual([])
}, 240_000)

test('nothing that it brings along asks more of its users than the licences that everyone takes', async () => {
  const { stdout } = await execute('npm', ['query', '.prod', '--json'], {
    cwd: project,
    maxBuffer: 64 * 1024 * 1024,
  })
  const brought: readonly { readonly name?: string; readonly license?: string }[] = JSON.parse(stdout)
  expect(brought.length).toBeGreaterThan(20)
  const others = brought.filter(({ name, license = '' }) => name !== undefined && !usual.has(license))
  expect(others.map(({ name, license }) => `${name}: ${license}`)).toEqual([])
}, 240_000)

test('a program against every export path passes the compiler, our declarations included', () => {
  expect(compilerOutput).toBe('')
})

// The oldest of each line that is supported, and the newest.
test.each(['20.19.0', '22.12.0', '24.0.0', '24'])(
  'the command migrates a database, and the program publishes, relays and handles: on Node %s',
  async (version) => {
    const node = await nodeOf(version)
    const kafkaBrokers = inject('kafkaBrokers')
    const topic = `packed-${version}-${Date.now()}`
    const env = {
      ...process.env,
      DATABASE_URL: database.url,
      PIGEONHOLE_SCHEMA: schemaOf(version),
      KAFKA_BROKERS: kafkaBrokers.join(','),
      TOPIC: topic,
    }
    const bin = join('node_modules', 'pigeonhole', 'dist', 'bin.js')
    const migrated = await execute(node, [bin, 'migrate'], { cwd: project, env })
    expect(migrated.stdout).toContain('is up to date')

    await createTopics(kafkaBrokers, [{ topic }])
    const ran = await execute(node, [join('out', 'consumer.js')], { cwd: project, env })
    expect(ran.stdout.split('\n')).toEqual(['refused: OUTSIDE_TRANSACTION', 'handled: hello', ''])
  },
  240_000,
)

function schemaOf(version: string): string {
  return `node_${version.replaceAll('.', '_')}`
}

/** A Node of its own, from the registry. Resolves to its program. */
async function nodeOf(version: string): Promise<string> {
  const folder = join(project, `node-${version}`)
  const name = `node-${process.platform}-${process.arch}`
  await npm(project, [
    'install',
    '--prefix',
    folder,
    '--prefer-offline',
    '--no-audit',
    '--no-fund',
    `${name}@${version}`,
  ])
  return join(folder, 'node_modules', name, 'bin', 'node')
}
