// README.md, "Add it to a Prisma project", word for word: its commands in its order, its code as it stands there, in a project that has
// Prisma and kafkajs, with the packages as they would be published.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { createDatabase, createTopics, startKafka } from '@pigeonhole/testing'
import { expect, inject, it, onTestFinished } from 'vitest'
import { execute, installedVersion, npm, packAll, root } from './packed.js'
import { serveRegistry } from './registry.js'

interface Page {
  /** The lines of each block of commands. */
  readonly commands: readonly (readonly string[])[]
  /** Code by the file that it goes to. */
  readonly files: ReadonlyMap<string, string>
}

async function readPage(): Promise<Page> {
  const readme = await readFile(join(root, 'README.md'), 'utf8')
  const section = /\n## Add it to a Prisma project\n(.*?)\n## /s.exec(readme)?.[1] ?? ''
  const blocks = [...section.matchAll(/(?:`(src\/[\w.-]+)`[^`]*)?```(sh|ts)\n(.*?)```/gs)]
  const commands = blocks
    .filter(([, , kind]) => kind === 'sh')
    .map(([, , , text = '']) => text.trim().split('\n'))
  const files = blocks.flatMap(([, file, kind, text = '']) =>
    kind === 'ts' ? [[file ?? '', text] as const] : [],
  )
  return { commands, files: new Map(files) }
}

/** A project as a newcomer has it: Prisma with a migration of its own, kafkajs, TypeScript. */
async function makeProject(env: NodeJS.ProcessEnv): Promise<string> {
  const project = await mkdtemp(join(tmpdir(), 'newcomer-spec-'))
  onTestFinished(() => rm(project, { recursive: true, force: true }))
  await cp(join(root, 'test', 'packaging', 'newcomer'), project, { recursive: true })
  const names = ['prisma', '@prisma/client', '@prisma/adapter-pg', 'kafkajs', 'typescript', '@types/node']
  const dependencies = Object.fromEntries(await Promise.all(names.map(installedVersion)))
  await writeFile(
    join(project, 'package.json'),
    JSON.stringify({ private: true, type: 'module', dependencies }),
  )
  await npm(project, ['install', '--prefer-offline', '--no-audit', '--no-fund', '--ignore-scripts'])
  await execute('npx', ['prisma', 'migrate', 'dev', '--name', 'own'], { cwd: project, env })
  return project
}

function start(
  command: string,
  options: { readonly cwd: string; readonly env: NodeJS.ProcessEnv },
): ChildProcess {
  // A group of its own: npx hands no signal on.
  const child = spawn(command, {
    ...options,
    shell: true,
    detached: true,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  onTestFinished(async () => {
    if (child.exitCode !== null || child.pid === undefined) return
    process.kill(-child.pid, 'SIGKILL')
    await once(child, 'exit')
  })
  return child
}

async function says(child: ChildProcess, text: string): Promise<void> {
  if (!child.stdout) throw new Error('its output is not read')
  for await (const line of createInterface(child.stdout)) if (line.includes(text)) return
  throw new Error(`It ended and never said ${text}`)
}

it('the README takes a Prisma project from nothing to an order that is billed', async () => {
  const { commands, files } = await readPage()
  expect(commands.map(({ length }) => length)).toEqual([3, 1])
  expect([...files.keys()]).toEqual(['src/place-order.ts', 'src/billing.ts'])
  const packed = await mkdtemp(join(tmpdir(), 'newcomer-packed-'))
  onTestFinished(() => rm(packed, { recursive: true, force: true }))
  await using registry = await serveRegistry(packed, await packAll(packed))
  const database = await createDatabase({ url: inject('databaseUrl') })
  onTestFinished(() => database.drop())
  // The page's names of topic, group and relay are not this test's own: the cluster is.
  const kafka = await startKafka({ brokers: 1, sources: ['docker', 'embedded'] })
  onTestFinished(() => kafka.stop())
  const env = {
    ...process.env,
    DATABASE_URL: database.url,
    KAFKA_BROKERS: kafka.brokers.join(','),
    PRISMA_SCHEMA_ENGINE_BINARY: join(root, 'test', 'prisma', 'schema-engine.mjs'),
    CHECKPOINT_DISABLE: 'true',
    npm_config_registry: registry.url,
  }
  const cwd = await makeProject(env)
  await createTopics(kafka.brokers, [{ topic: 'orders' }])

  const [install = [], [relayCommand = ''] = []] = commands
  for (const command of install) await execute('sh', ['-c', command], { cwd, env })
  for (const [file, text] of files) await writeFile(join(cwd, file), text)
  await execute('npx', ['prisma', 'generate'], { cwd, env })
  await execute('npx', ['tsc'], { cwd, env })
  const relay = start(relayCommand, { cwd, env: { ...env, PIGEONHOLE_PORT: '0' } })
  await says(relay, 'publishing')
  const { stdout } = await execute(process.execPath, ['dist/main.js'], { cwd, env, timeout: 180_000 })
  expect(stdout).toContain("billed [ 'order-1' ]")
  const checked = await execute('npx', ['pigeonhole', 'check'], { cwd, env })
  expect(checked.stdout).toContain('Its tables are as the migrations make them.')
}, 600_000)
