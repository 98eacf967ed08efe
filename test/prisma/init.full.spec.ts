import path from 'node:path'
import { createDatabase, type TestDatabase } from '@pigeonhole/testing'
import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest'
import { SchemaEngine, type SchemaFiles } from './schema-engine.js'
import { ScratchProject } from './scratch-project.js'

let project: ScratchProject
let database: TestDatabase

beforeEach(async () => {
  database = await createDatabase({ url: inject('databaseUrl') })
  project = await ScratchProject.make()
})
afterEach(async () => {
  await project[Symbol.asyncDispose]()
  await database.drop()
})

const datasource = 'datasource db {\n  provider = "postgresql"\n  schemas = ["public", "pigeonhole"]\n}\n'
const invoice = 'model invoice {\n  id String @id\n  @@schema("public")\n}\n'
const usersMigration =
  'CREATE TABLE "invoice" ("id" TEXT NOT NULL, CONSTRAINT "invoice_pkey" PRIMARY KEY ("id"));\n'

/** A project with one file for its schema, or a folder of them, and a migration of its own. */
async function makeProject(schema: string): Promise<void> {
  await project.put(
    'prisma.config.ts',
    `import { defineConfig } from 'prisma/config'
     export default defineConfig({ schema: '${schema}', migrations: { path: 'db/migrations' } })\n`,
  )
  await project.put(schema.endsWith('.prisma') ? schema : `${schema}/main.prisma`, datasource + invoice)
  await project.put('db/migrations/20260101000000_users_own/migration.sql', usersMigration)
}

const init = (...args: string[]) => project.run('pigeonhole', ['init', ...args])
const migrations = () => project.migrations('db/migrations')

async function schemaFiles(schema: string): Promise<SchemaFiles> {
  if (schema.endsWith('.prisma')) return { [schema]: await project.read(schema) }
  const names = await project.list(schema)
  const entries = names.map(async (name) => [name, await project.read(path.join(schema, name))])
  return Object.fromEntries(await Promise.all(entries))
}

async function withEngine<R>(files: SchemaFiles, work: (engine: SchemaEngine) => Promise<R>): Promise<R> {
  const engine = await SchemaEngine.open(database.url, files)
  try {
    return await work(engine)
  } finally {
    await engine.close()
  }
}

describe('pigeonhole init', () => {
  it.each(['db/schema.prisma', 'db/schema'])(
    'makes a project of which Prisma deploys all and sees no drift: schema in %s',
    async (schema) => {
      await makeProject(schema)
      await init('--models')
      const files = await schemaFiles(schema)
      const list = await migrations()
      expect(list[0]?.name).toBe('20260101000000_users_own')
      const deployed = await withEngine(files, (engine) => engine.deploy(list))
      expect(deployed).toEqual(list.map(({ name }) => name))
      expect(await withEngine(files, (engine) => engine.drift(files))).toBe('')
    },
  )

  it('changes nothing the second time, and says so', async () => {
    await makeProject('db/schema.prisma')
    await init('--models')
    const before = [await migrations(), await schemaFiles('db/schema.prisma')]
    const { files } = JSON.parse(await init('--models', '--json'))
    expect(files.filter(({ state }: { state: string }) => state !== 'unchanged')).toEqual([])
    expect([await migrations(), await schemaFiles('db/schema.prisma')]).toEqual(before)
  })

  it('finds the tables again in the schema that it was first told', async () => {
    await makeProject('db/schema.prisma')
    await init('--schema', 'second')
    const { files } = JSON.parse(await init('--json'))
    expect(files.map(({ state }: { state: string }) => state)).not.toContain('added')
  })

  it('adds what a newer release has behind what the project has deployed since', async () => {
    await makeProject('db/schema')
    await init()
    const newest = (await migrations()).at(-1)?.name ?? ''
    await project.remove(`db/migrations/${newest}`)
    await project.put('db/migrations/20290101000000_users_latest/migration.sql', 'CREATE TABLE latest ();\n')
    const files = await schemaFiles('db/schema')
    await withEngine(files, async (engine) => engine.deploy(await migrations()))
    await init()
    const added = newest.replace(/^\d+/, '20290101000001')
    expect(await withEngine(files, async (engine) => engine.deploy(await migrations()))).toEqual([added])
  })

  it('writes nothing with --dry-run, nor where the datasource lacks the schema', async () => {
    await makeProject('db/schema')
    const told = await init('--dry-run', '--models')
    expect(told).toContain('Nothing was written')
    expect(told).toMatch(/^added +db\/migrations\/migration_lock\.toml$/m)
    await project.put('db/schema/main.prisma', 'datasource db {\n  provider = "postgresql"\n}\n')
    await expect(init('--models')).rejects.toMatchObject({
      code: 1,
      stderr: expect.stringContaining('PRISMA_PROJECT_INVALID: The models'),
    })
    expect(await migrations()).toHaveLength(1)
    expect(await project.list('.')).not.toContain('pigeonhole.config.mjs')
  })

  it('leaves .env to who imports dotenv, as Prisma does, and says how', async () => {
    await project.put('.env', `DATABASE_URL=${database.url}\n`)
    await project.put('db/schema.prisma', datasource)
    const config = `import { defineConfig, env } from 'prisma/config'
      export default defineConfig({ schema: 'db/schema.prisma', datasource: { url: env('DATABASE_URL') } })\n`
    await project.put('prisma.config.ts', config)
    await expect(init()).rejects.toMatchObject({
      code: 1,
      stderr: expect.stringMatching(
        /DATABASE_URL\. Set it, or read \.env: import 'dotenv\/config' as the first/,
      ),
    })
    await project.put('prisma.config.ts', `import 'dotenv/config'\n${config}`)
    await init()
    const migrate = () => project.run('pigeonhole', ['migrate'])
    await expect(migrate()).rejects.toMatchObject({
      code: 2,
      stderr: expect.stringMatching(
        /databaseUrl is needed .*\.env file is read where pigeonhole\.config\.mjs begins/,
      ),
    })
    const written = await project.read('pigeonhole.config.mjs')
    await project.put(
      'pigeonhole.config.mjs',
      written.replace("// import 'dotenv/config'", "import 'dotenv/config'"),
    )
    expect(await migrate()).toContain('is up to date')
  })

  it('says that there is no Prisma, or no project', async () => {
    await project.remove('node_modules')
    await expect(init()).rejects.toMatchObject({ stderr: expect.stringContaining('Prisma is not installed') })
    await project.linkModules()
    await expect(init()).rejects.toMatchObject({
      stderr: expect.stringContaining('There is no Prisma schema'),
    })
    await project.put('prisma.config.ts', 'export default {')
    await expect(init()).rejects.toMatchObject({ stderr: expect.stringContaining('cannot be read') })
  })
})
