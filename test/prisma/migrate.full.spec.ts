// Prisma's own commands over what `pigeonhole init` has put into a project: the real command line, and the real engine behind it.
import { createDatabase, type TestDatabase } from '@pigeonhole/testing'
import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest'
import { quietPool } from '../postgres/quiet-pool.js'
import { ScratchProject } from './scratch-project.js'

let project: ScratchProject
let database: TestDatabase
let shadow: TestDatabase

beforeEach(async () => {
  const url = inject('databaseUrl')
  database = await createDatabase({ url })
  shadow = await createDatabase({ url })
  project = await ScratchProject.make()
})
afterEach(async () => {
  await project[Symbol.asyncDispose]()
  await database.drop()
  await shadow.drop()
})

interface Layout {
  /** Where the schema is: a file, or a folder of them. */
  readonly schema: string
  /** The datasource's schemas, where it lists any. */
  readonly schemas?: readonly string[]
}

const generator = 'generator client {\n  provider = "prisma-client"\n  output = "../generated"\n}\n'

async function makeProject({ schema, schemas }: Layout, shadowUrl?: string): Promise<void> {
  const listed = schemas ? `  schemas = ${JSON.stringify(schemas)}\n` : ''
  const placed = schemas ? '  @@schema("public")\n' : ''
  const models = `datasource db {\n  provider = "postgresql"\n${listed}}\n${generator}model invoice {\n  id String @id\n${placed}}\n`
  const isFile = schema.endsWith('.prisma')
  await project.put(isFile ? schema : `${schema}/main.prisma`, models)
  const datasource = { url: database.url, ...(shadowUrl && { shadowDatabaseUrl: shadowUrl }) }
  await project.put(
    'prisma.config.ts',
    `import { defineConfig } from 'prisma/config'
     export default defineConfig({ schema: '${schema}', migrations: { path: 'db/migrations' }, datasource: ${JSON.stringify(datasource)} })\n`,
  )
}

const prisma = (...args: string[]) => project.run('prisma', args)
const dev = (name: string) => prisma('migrate', 'dev', '--name', name)
const names = async () => (await project.migrations('db/migrations')).map(({ name }) => name)

async function tablesIn(url: string): Promise<number> {
  const pool = quietPool(url)
  const count = "SELECT FROM pg_tables WHERE schemaname = 'pigeonhole'"
  const { rowCount } = await pool.query(count).finally(() => pool.end())
  return rowCount ?? 0
}

const inSync = 'Already in sync, no schema change or pending migration was found.'

describe.each<[string, Layout, string[]]>([
  ['one file', { schema: 'db/schema.prisma' }, []],
  ['a folder with models', { schema: 'db/schema', schemas: ['public', 'pigeonhole'] }, ['--models']],
])('a project with %s', (_, layout, flags) => {
  it('is migrated again and again, reset and deployed by Prisma, which finds no drift', async () => {
    await makeProject(layout)
    await dev('own')
    await project.run('pigeonhole', ['init', ...flags])
    const all = await names()
    expect(await dev('nothing')).toContain('pigeonhole_shard_reports')
    expect(await dev('nothing')).toContain(inSync)
    expect(await prisma('migrate', 'reset', '--force')).toContain('Database reset successful')
    expect(await dev('nothing')).toContain(inSync)
    expect(await prisma('migrate', 'status')).toContain('Database schema is up to date!')
    // Nothing that Prisma would have written to bring the two together.
    expect(await names()).toEqual(all)
    expect(await tablesIn(database.url)).toBeGreaterThan(10)
  }, 180_000)
})

it('is tried by Prisma in a shadow database of its own, over and over', async () => {
  await makeProject({ schema: 'db/schema.prisma' }, shadow.url)
  await project.run('pigeonhole', ['init'])
  await dev('own')
  expect(await dev('nothing')).toContain(inSync)
  // What Prisma does not know, it does not reset: the migrations ran over it.
  expect(await tablesIn(shadow.url)).toBeGreaterThan(10)
  await project.put(
    'db/schema.prisma',
    `${await project.read('db/schema.prisma')}model refund {\n  id String @id\n}\n`,
  )
  await dev('refunds')
  const last = (await project.migrations('db/migrations')).at(-1)
  expect(last?.name).toMatch(/_refunds$/)
  expect(last?.sql.match(/CREATE|ALTER|DROP/g)).toEqual(['CREATE'])
}, 180_000)

describe('a project with migrations of other names', () => {
  /** What Prisma has run, in the order in which it did. */
  async function ledger(): Promise<string[]> {
    const pool = quietPool(database.url)
    const text = 'SELECT migration_name AS name FROM _prisma_migrations ORDER BY started_at'
    const { rows } = await pool.query<{ name: string }>(text).finally(() => pool.end())
    return rows.map(({ name }) => name)
  }

  async function makeOlder(folder: string): Promise<void> {
    await makeProject({ schema: 'db/schema.prisma' }, shadow.url)
    await project.put('db/migrations/migration_lock.toml', 'provider = "postgresql"\n')
    await project.put(
      `db/migrations/${folder}/migration.sql`,
      'CREATE TABLE "invoice" ("id" TEXT PRIMARY KEY);\n',
    )
    await prisma('migrate', 'deploy')
  }

  it.each(['0_init', '2031_init', '99991231235959_init'])(
    'gets the tables behind them: %s',
    async (folder) => {
      await makeOlder(folder)
      const told = JSON.parse(await project.run('pigeonhole', ['init', '--json']))
      expect(told.behindAll).toEqual([])
      const all = await names()
      expect(all[0]).toBe(folder)
      await prisma('migrate', 'deploy')
      expect(await ledger()).toEqual(all)
      expect(await dev('nothing')).toContain(inSync)
    },
    180_000,
  )

  it('is told that they come behind any timestamp, and Prisma takes that as it is', async () => {
    await makeOlder('init')
    const told = await project.run('pigeonhole', ['init'])
    expect(told).toContain('no timestamp comes behind init:')
    const all = await names()
    expect(all.at(-1)).toBe('init')
    expect(await dev('nothing')).toContain('pigeonhole_shard_reports')
    expect(await ledger()).toEqual(['init', ...all.slice(0, -1)])
    expect(await dev('nothing')).toContain(inSync)
    expect(await prisma('migrate', 'reset', '--force')).toContain('Database reset successful')
    expect(await ledger()).toEqual(all)
  }, 180_000)
})
