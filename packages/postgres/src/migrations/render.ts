import { readdir, readFile } from 'node:fs/promises'
import { defaultSchema, quoteSchema } from '../schema/schema-name.js'

/** A migration, rendered for one schema. */
export interface Migration {
  /** The version of the tables that it leads to. */
  readonly version: number
  /** The name of its folder, as Prisma's ledger has it. */
  readonly name: string
  readonly sql: string
}

// Both from dist/migrations and, in specs, from src/migrations.
const prismaFolder = new URL('../../dist/prisma/', import.meta.url)

/**
 * All migrations in their order, for a schema.
 * @throws OPTION_INVALID for a name that is not safe to write.
 */
export async function renderMigrations(schema: string = defaultSchema): Promise<Migration[]> {
  const folder = new URL('migrations/', prismaFolder)
  const entries = await readdir(folder, { withFileTypes: true })
  const names = entries.filter((entry) => entry.isDirectory()).map(({ name }) => name)
  return Promise.all(
    names.sort().map(async (name, index) => {
      const sql = await readFile(new URL(`${name}/migration.sql`, folder), 'utf8')
      return { version: index + 1, name, sql: renderSchema(sql, schema) }
    }),
  )
}

/**
 * The Prisma models of the tables, for a schema: a file beside your own, for those who query the tables. Its schema has to
 * be one of the datasource's `schemas`.
 * @throws OPTION_INVALID for a name that is not safe to write.
 */
export async function renderModels(schema: string = defaultSchema): Promise<string> {
  const models = await readFile(new URL('schema/pigeonhole.prisma', prismaFolder), 'utf8')
  return renderSchema(models, schema)
}

// In SQL and in the models the schema is the only thing that is called so and quoted.
function renderSchema(text: string, schema: string): string {
  return text.replaceAll(`"${defaultSchema}"`, quoteSchema(schema))
}
