import { cp, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createDatabase, createTopics, type TestDatabase } from '@pigeonhole/testing'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { execute, installedVersion, npm, type Packed, packAll, root } from './packed.js'

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
  await writeFile(join(project, 'package.json'), JSON.stringify(await manifest(await packAll(project))))
  await npm(project, ['install', '--prefer-offline', '--no-audit', '--no-fund', '--ignore-scripts'])
  const compiled = await execute(installed('tsc'), [], { cwd: project }).catch((error) => error)
  compilerOutput = compiled.stdout
}, 180_000)

afterAll(async () => {
  await database.drop()
  await rm(project, { recursive: true, force: true })
})

/** A manifest as a user's would be, but that our packages come from the files just packed. */
async function manifest(packages: readonly Packed[]): Promise<object> {
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
