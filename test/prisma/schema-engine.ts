import type { Migration } from '@pigeonhole/postgres'
import type * as bindings from '@prisma/schema-engine-wasm/schema_engine_bg'
import type pg from 'pg'
import { quietPool } from '../postgres/quiet-pool.js'
import { EnginePg, type Scripts } from './engine-pg.js'
import { openWasmEngine } from './wasm-engine.js'

/** The files of a Prisma schema folder, by path. */
export type SchemaFiles = Readonly<Record<string, string>>

/**
 * Prisma's own migration engine, as `prisma migrate` runs it. It is an internal API, hence the exact version, and
 * WebAssembly, so that nothing has to be downloaded.
 */
export class SchemaEngine {
  readonly #engine: bindings.SchemaEngine
  readonly #pool: pg.Pool

  private constructor(engine: bindings.SchemaEngine, pool: pg.Pool) {
    this.#engine = engine
    this.#pool = pool
  }

  static async open(url: string, files: SchemaFiles, scripts: Scripts = 'whole'): Promise<SchemaEngine> {
    const pool = quietPool(url)
    const adapter = new EnginePg(pool, { scripts })
    return new SchemaEngine(await openWasmEngine(Object.entries(files), adapter), pool)
  }

  /** `prisma migrate deploy`: the names of the migrations that it has applied. */
  async deploy(migrations: readonly Migration[]): Promise<string[]> {
    const migrationsList = listOf(migrations)
    return (await this.#engine.applyMigrations({ migrationsList, filters })).appliedMigrationNames
  }

  /** `prisma migrate status`. */
  diagnose(migrations: readonly Migration[]): Promise<unknown> {
    const migrationsList = listOf(migrations)
    return this.#engine.diagnoseMigrationHistory({ migrationsList, optInToShadowDatabase: false, filters })
  }

  /** The SQL that would make the database fit the models; empty where nothing differs. */
  async drift(files: SchemaFiles): Promise<string> {
    const list = Object.entries(files).map(([path, content]) => ({ path, content }))
    const { stdout, exitCode } = await this.#engine.diff({
      from: { tag: 'schemaDatasource', files: list, configDir: '.' },
      to: { tag: 'schemaDatamodel', files: list },
      script: true,
      exitCode: true,
      filters,
    })
    return exitCode === 0 ? '' : (stdout ?? 'differs')
  }

  async close(): Promise<void> {
    this.#engine.free()
    await this.#pool.end()
  }
}

const filters = { externalTables: [], externalEnums: [] }

function listOf(migrations: readonly Migration[]): bindings.MigrationList {
  return {
    baseDir: '.',
    shadowDbInitScript: '',
    lockfile: { path: 'migration_lock.toml', content: 'provider = "postgresql"\n' },
    migrationDirectories: migrations.map(({ name, sql }) => ({
      path: name,
      migrationFile: { path: 'migration.sql', content: { tag: 'ok', value: sql } },
    })),
  }
}
