import { execFile } from 'node:child_process'
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { createDatabase, createTopics, type TestDatabase } from '@pigeonhole/testing'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'

const root = join(import.meta.dirname, '..', '..')
const topic = `packed-${Date.now()}`
let project: string
let database: TestDatabase
let compilerOutput: string

/** Packs every package, and installs what was packed in a project that has nothing else of ours. */
beforeAll(async () => {
  project = await mkdtemp(join(tmpdir(), 'packed-spec-'))
  database = await createDatabase({ url: inject('databaseUrl') })
  await cp(join(root, 'test', 'packaging', 'consumer'), project, { recursive: true })
  await cp(join(root, 'examples', 'orders', 'src', 'generated', 'orders'), join(project, 'generated'), {
    recursive: true,
  })
  const packages = (await readdir(join(root, 'packages'))).map((folder) => join('packages', folder))
  await npm(root, ['pack', '--pack-destination', project, ...packages.flatMap((it) => ['--workspace', it])])
  await writeFile(join(project, 'package.json'), JSON.stringify(await manifest(packages)))
  await npm(project, ['install', '--prefer-offline', '--no-audit', '--no-fund', '--ignore-scripts'])
  const compiled = await execute(installed('tsc'), [], { cwd: project }).catch((error) => error)
  compilerOutput = compiled.stdout
}, 180_000)

afterAll(async () => {
  await database.drop()
  await rm(project, { recursive: true, force: true })
})

/** A manifest as a user's would be, but that our packages come from the files just packed. */
async function manifest(packages: readonly string[]): Promise<object> {
  const tarballs = await Promise.all(packages.map(tarballOf))
  const peers = ['kafkajs', 'pg', '@types/pg', '@types/node', '@prisma/client', 'prom-client', 'typescript']
  const versions = await Promise.all(peers.map(installedVersion))
  return { private: true, type: 'module', dependencies: Object.fromEntries([...tarballs, ...versions]) }
}

async function tarballOf(folder: string): Promise<[string, string]> {
  const { name, version } = await readManifest(join(root, folder))
  return [name, `file:${name.replace('@', '').replace('/', '-')}-${version}.tgz`]
}

async function installedVersion(name: string): Promise<[string, string]> {
  const { version } = await readManifest(join(root, 'node_modules', name))
  return [name, version]
}

async function readManifest(folder: string): Promise<{ name: string; version: string }> {
  return JSON.parse(await readFile(join(folder, 'package.json'), 'utf8'))
}

const execute = promisify(execFile)

function npm(cwd: string, args: readonly string[]): Promise<unknown> {
  return execute('npm', args, { cwd, maxBuffer: 64 * 1024 * 1024 })
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

test('a program against every export path passes the compiler, our declarations included', () => {
  expect(compilerOutput).toBe('')
})

test('the command migrates a database, and the program publishes, relays and handles', async () => {
  const kafkaBrokers = inject('kafkaBrokers')
  const env = {
    ...process.env,
    DATABASE_URL: database.url,
    KAFKA_BROKERS: kafkaBrokers.join(','),
    TOPIC: topic,
  }
  const migrated = await execute(installed('pigeonhole'), ['migrate'], { cwd: project, env })
  expect(migrated.stdout).toContain('Schema "pigeonhole" is up to date')

  await createTopics(kafkaBrokers, [{ topic }])
  const ran = await execute(process.execPath, [join('out', 'consumer.js')], { cwd: project, env })
  expect(ran.stdout.split('\n')).toEqual(['refused: OUTSIDE_TRANSACTION', 'handled: hello', ''])
})
