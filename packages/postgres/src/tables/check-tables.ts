import { readFile } from 'node:fs/promises'
import { assertKnownOptions, isPigeonholeError } from '@pigeonhole/core'
import type pg from 'pg'
import { PgSessions } from '../pg/pg-sessions.js'
import { requiredSchemaVersion } from '../schema/check-schema-version.js'
import { defaultSchema } from '../schema/schema-name.js'
import type { CatalogLine } from '../sql/catalog/select-tables.js'
import { selectSchemaVersion } from '../sql/schema-version/select.js'
import { runForOne, type SqlSession } from '../sql/statement.js'
import { formatCatalog, parseCatalog } from './catalog-lines.js'
import { readCatalog } from './read-catalog.js'

/** Which tables are looked at. */
export interface CheckTablesOptions {
  readonly pool: pg.Pool
  /**
   * PostgreSQL schema of Pigeonhole's tables.
   * @default 'pigeonhole'
   */
  readonly schema?: string
}

/** How the tables of a database differ from those that the migrations make. */
export interface TablesReport {
  /** The version of the tables, by their own ledger; 0 where there are none. */
  readonly version: number
  /** The version that this release makes. */
  readonly needed: number
  /** Tables and parts of them that the migrations make and that are not there. Known only where the versions are the same. */
  readonly missing: readonly CatalogLine[]
  /** Those that are there, and not of Pigeonhole's making. */
  readonly unexpected: readonly CatalogLine[]
}

/**
 * Compares the tables of a database with those that this release's migrations make: columns, types, defaults, constraints,
 * indexes, triggers, storage parameters. Nothing is changed, and no table of yours is read.
 * @throws OPTION_INVALID, STORE_UNAVAILABLE, STORE_ACCESS_DENIED
 */
export async function checkTables(options: CheckTablesOptions): Promise<TablesReport> {
  assertKnownOptions('checkTables', options, ['pool', 'schema'])
  const { pool, schema = defaultSchema } = options
  const sessions = new PgSessions({ pool, schema, timeoutMs })
  const needed = requiredSchemaVersion
  return sessions.read(async (session) => {
    const version = await readVersion(session)
    if (version !== needed) return { version, needed, missing: [], unexpected: [] }
    const found = await readCatalog(session, schema)
    const made = parseCatalog(await readFile(tablesFile, 'utf8'))
    return { version, needed, missing: without(made, found), unexpected: without(found, made) }
  })
}

/**
 * The tables of a database as text, a line for each table and each part of one: two lists are the same where the tables are,
 * whatever their schemas are called.
 * @throws OPTION_INVALID, STORE_UNAVAILABLE, STORE_ACCESS_DENIED
 */
export async function listTables(options: CheckTablesOptions): Promise<string> {
  assertKnownOptions('listTables', options, ['pool', 'schema'])
  const { pool, schema = defaultSchema } = options
  const sessions = new PgSessions({ pool, schema, timeoutMs })
  return formatCatalog(await sessions.read((session) => readCatalog(session, schema)))
}

const timeoutMs = 30_000

// Both from dist/tables and, in specs, from src/tables.
const tablesFile = new URL('../../dist/prisma/tables.txt', import.meta.url)

async function readVersion(session: SqlSession): Promise<number> {
  try {
    return await runForOne(session, selectSchemaVersion, null)
  } catch (error) {
    if (isPigeonholeError(error, 'SCHEMA_MISSING')) return 0
    throw error
  }
}

function without(lines: readonly CatalogLine[], others: readonly CatalogLine[]): CatalogLine[] {
  const known = new Set(others.map(({ object, line }) => `${object} ${line}`))
  return lines.filter(({ object, line }) => !known.has(`${object} ${line}`))
}
