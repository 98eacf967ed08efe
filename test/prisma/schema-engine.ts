import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import type { Migration } from '@pigeonhole/postgres'
import { PrismaPg } from '@prisma/adapter-pg'
import {
  bindMigrationAwareSqlAdapterFactory,
  ColumnTypeEnum,
  type SqlDriverAdapter,
  type SqlQuery,
  type SqlResultSet,
} from '@prisma/driver-adapter-utils'
import * as bindings from '@prisma/schema-engine-wasm/schema_engine_bg'
import type pg from 'pg'
import { quietPool } from '../postgres/quiet-pool.js'

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
    instantiate()
    const pool = quietPool(url)
    const factory = bindMigrationAwareSqlAdapterFactory(new EnginePg(pool, scripts))
    const datamodels = Object.entries(files)
    return new SchemaEngine(await bindings.SchemaEngine.new({ datamodels }, () => undefined, factory), pool)
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

/**
 * How a migration reaches the server: whole, as Prisma's own binary sends it, or cut at its semicolons, as the driver
 * adapter does when it is asked to.
 */
export type Scripts = 'whole' | 'cut'

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

/** What Node has and neither its types nor our `lib` declare. */
interface WithWebAssembly {
  readonly WebAssembly: {
    readonly Module: new (bytes: Uint8Array) => object
    readonly Instance: new (module: object, imports: object) => { readonly exports: Exports }
  }
}

interface Exports {
  __wbindgen_start(): void
}

let instantiated = false

// The package is made for bundlers: what they do with its import of a .wasm file is done here by hand.
function instantiate(): void {
  if (instantiated) return
  instantiated = true
  const { WebAssembly } = globalThis as unknown as WithWebAssembly
  const main = createRequire(import.meta.url).resolve('@prisma/schema-engine-wasm')
  const bytes = readFileSync(join(dirname(main), 'schema_engine_bg.wasm'))
  const imports = { './schema_engine_bg.js': bindings }
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes), imports)
  const loader = bindings as unknown as { __wbg_set_wasm(exports: Exports): void }
  loader.__wbg_set_wasm(exports)
  exports.__wbindgen_start()
}

/** The driver adapter with what the engine's binary does otherwise. */
class EnginePg extends PrismaPg {
  readonly #scripts: Scripts

  constructor(pool: pg.Pool, scripts: Scripts) {
    super(pool)
    this.#scripts = scripts
  }

  override async connect(): Promise<Awaited<ReturnType<PrismaPg['connect']>>> {
    return this.#adapt(await super.connect())
  }

  override async connectToShadowDb(): Promise<Awaited<ReturnType<PrismaPg['connect']>>> {
    return this.#adapt(await super.connectToShadowDb())
  }

  #adapt<A extends SqlDriverAdapter & { underlyingDriver(): { query(text: string): Promise<unknown> } }>(
    adapter: A,
  ): A {
    adapter.queryRaw = queryWithChars(adapter)
    if (this.#scripts === 'whole') {
      adapter.executeScript = async (script) => {
        await adapter.underlyingDriver().query(script)
      }
    }
    return adapter
  }
}

const charOid = 18
const bpcharOid = 1042

interface RawResult {
  readonly fields: { dataTypeID: number }[]
}

// The catalog's "char" type has no mapping in the adapter, and the engine wants it as a character.
function queryWithChars(adapter: SqlDriverAdapter): (query: SqlQuery) => Promise<SqlResultSet> {
  const queryRaw = adapter.queryRaw
  const { performIO } = adapter as unknown as { performIO(query: SqlQuery): Promise<RawResult> }
  return async (query) => {
    let chars: boolean[] = []
    const watching = Object.assign(Object.create(adapter) as SqlDriverAdapter, {
      async performIO(asked: SqlQuery): Promise<RawResult> {
        const result = await performIO.call(adapter, asked)
        chars = result.fields.map((field) => field.dataTypeID === charOid)
        for (const field of result.fields) if (field.dataTypeID === charOid) field.dataTypeID = bpcharOid
        return result
      },
    })
    const result = await queryRaw.call(watching, query)
    const columnTypes = result.columnTypes.map((type, index) =>
      chars[index] ? ColumnTypeEnum.Character : type,
    )
    return { ...result, columnTypes }
  }
}
