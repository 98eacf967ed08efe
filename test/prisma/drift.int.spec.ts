import { listTables, type Migration, migrate, renderMigrations, renderModels } from '@pigeonhole/postgres'
import { createDatabase, type TestDatabase } from '@pigeonhole/testing'
import type pg from 'pg'
import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest'
import { quietPool } from '../postgres/quiet-pool.js'
import type { Scripts } from './engine-pg.js'
import { SchemaEngine, type SchemaFiles } from './schema-engine.js'

let database: TestDatabase
let pool: pg.Pool

beforeEach(async () => {
  database = await createDatabase({ url: inject('databaseUrl') })
  pool = quietPool(database.url)
})
afterEach(async () => {
  await pool.end()
  await database.drop()
})

const migrations = await renderMigrations()
const names = migrations.map(({ name }) => name)
const usersMigration = {
  version: 0,
  name: '20260101000000_users_own',
  sql: 'CREATE TABLE "invoice" ("id" TEXT NOT NULL, CONSTRAINT "invoice_pkey" PRIMARY KEY ("id"));',
}

/** A user's schema folder, in which only the user's own schema is known. */
const without: SchemaFiles = {
  'schema.prisma': 'datasource db {\n  provider = "postgresql"\n}\nmodel invoice {\n  id String @id\n}\n',
}

/** The same with our models in it. */
async function withModels(schema = 'pigeonhole'): Promise<SchemaFiles> {
  const datasource = `provider = "postgresql"\n  schemas = ["public", "${schema}"]`
  return {
    'schema.prisma': `datasource db {\n  ${datasource}\n}\nmodel invoice {\n  id String @id\n  @@schema("public")\n}\n`,
    'pigeonhole.prisma': await renderModels(schema),
  }
}

/** Runs `work` with the engine, and ends it as a command ends: with its locks. */
async function withEngine<R>(
  work: (engine: SchemaEngine) => Promise<R>,
  { files = without, scripts = 'whole' }: { readonly files?: SchemaFiles; readonly scripts?: Scripts } = {},
): Promise<R> {
  const engine = await SchemaEngine.open(database.url, files, scripts)
  try {
    return await work(engine)
  } finally {
    await engine.close()
  }
}

function deploy(list: readonly Migration[], scripts: Scripts = 'whole'): Promise<string[]> {
  return withEngine((engine) => engine.deploy(list), { scripts })
}

function driftOf(files: SchemaFiles): Promise<string> {
  return withEngine((engine) => engine.drift(files), { files })
}

async function catalogOf(schema = 'pigeonhole'): Promise<string[]> {
  return (await listTables({ pool, schema })).split('\n')
}

/** The tables as our own runner makes them, in another database. */
async function ownCatalog(schema = 'pigeonhole'): Promise<string[]> {
  const other = await createDatabase({ url: inject('databaseUrl') })
  const otherPool = quietPool(other.url)
  await migrate({ pool: otherPool, schema })
  const catalog = (await listTables({ pool: otherPool, schema })).split('\n')
  await otherPool.end()
  await other.drop()
  return catalog
}

describe('the tables', () => {
  // Who changes them lets vitest write the list anew (-u) and reviews the difference.
  it('are those of the committed list', async () => {
    const lines = await ownCatalog()
    await expect(lines.join('\n')).toMatchFileSnapshot('../../prisma/tables.txt')
  })
})

describe('prisma migrate deploy', () => {
  it.each<Scripts>(['whole', 'cut'])(
    'makes the tables that our runner makes (scripts sent %s)',
    async (scripts) => {
      expect(await deploy([usersMigration, ...migrations], scripts)).toEqual([usersMigration.name, ...names])
      const catalog = await catalogOf()
      expect(catalog.filter((line) => line.startsWith('table'))).toHaveLength(19)
      expect(catalog).toEqual(await ownCatalog())
      expect(await withEngine((engine) => engine.diagnose([usersMigration, ...migrations]))).toMatchObject({
        editedMigrationNames: [],
        failedMigrationNames: [],
        history: null,
      })
    },
  )

  it('leaves nothing to do for our runner, nor for itself', async () => {
    await deploy(migrations)
    expect((await migrate({ pool })).applied).toEqual([])
    expect(await deploy(migrations)).toEqual([])
  })

  it('runs over what our runner has made, and changes nothing', async () => {
    await migrate({ pool })
    await pool.query('INSERT INTO pigeonhole.relay_shard (shard, confirmed) VALUES (0, 7)')
    const before = await catalogOf()
    expect(await deploy(migrations)).toEqual(names)
    expect(await catalogOf()).toEqual(before)
    expect((await pool.query('SELECT confirmed FROM pigeonhole.relay_shard')).rows).toEqual([
      { confirmed: '7' },
    ])
    expect((await pool.query('SELECT FROM pigeonhole.schema_version')).rowCount).toBe(names.length)
  })

  it('runs over what is left when Prisma has reset the schemas that it knows', async () => {
    await deploy([usersMigration, ...migrations])
    const before = await catalogOf()
    await pool.query('DROP SCHEMA public CASCADE; CREATE SCHEMA public')
    expect(await deploy([usersMigration, ...migrations])).toEqual([usersMigration.name, ...names])
    expect(await catalogOf()).toEqual(before)
  })

  it('makes them in another schema', async () => {
    await deploy(await renderMigrations('Other_1'))
    expect(await catalogOf('Other_1')).toEqual(await ownCatalog('Other_1'))
    expect((await catalogOf('Other_1')).join('\n')).not.toContain('pigeonhole.')
  })
})

describe('drift', () => {
  it('is not seen by a schema that does not know the tables', async () => {
    await deploy([usersMigration, ...migrations])
    expect(await driftOf(without)).toBe('')
  })

  it.each(['pigeonhole', 'Other_1'])(
    'is not there between tables and models in schema %s',
    async (schema) => {
      await deploy([usersMigration, ...(await renderMigrations(schema))])
      expect(await driftOf(await withModels(schema))).toBe('')
    },
  )

  it.each([
    [
      'a column that is gone',
      'ALTER TABLE pigeonhole.outbox_message DROP COLUMN payload',
      /ADD COLUMN\s+"payload"/,
    ],
    [
      'a column of another type',
      'ALTER TABLE pigeonhole.inbox_position ALTER partition TYPE bigint',
      /"partition"/,
    ],
    ['a missing index', 'DROP INDEX pigeonhole.outbox_message_xid_idx', /CREATE INDEX/],
    ['another default', 'ALTER TABLE pigeonhole.relay_shard ALTER confirmed SET DEFAULT 1', /DEFAULT 0/],
  ])('would be seen: %s', async (_, change, expected) => {
    await deploy([usersMigration, ...migrations])
    await pool.query(change)
    expect(await driftOf(await withModels())).toMatch(expected)
  })
})
