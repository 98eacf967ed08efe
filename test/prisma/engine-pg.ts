import { randomUUID } from 'node:crypto'
import { PrismaPg } from '@prisma/adapter-pg'
import {
  ColumnTypeEnum,
  type SqlDriverAdapter,
  type SqlQuery,
  type SqlResultSet,
} from '@prisma/driver-adapter-utils'
import pg from 'pg'

/**
 * How a migration reaches the server: whole, as Prisma's own binary sends it, or cut at its semicolons, as the driver
 * adapter does when it is asked to.
 */
export type Scripts = 'whole' | 'cut'

/** What {@link EnginePg} is to do otherwise. */
export interface EnginePgOptions {
  /** Default: whole. */
  readonly scripts?: Scripts
  /** A database of the project's own for trying migrations. Default: one is made beside the other, and dropped. */
  readonly shadowUrl?: string
}

/** The driver adapter with what the engine's binary does otherwise. */
export class EnginePg extends PrismaPg {
  readonly #pool: pg.Pool
  readonly #scripts: Scripts
  readonly #shadowUrl: string | undefined

  constructor(pool: pg.Pool, { scripts = 'whole', shadowUrl }: EnginePgOptions = {}) {
    super(pool)
    this.#pool = pool
    this.#scripts = scripts
    this.#shadowUrl = shadowUrl
  }

  override async connect(): Promise<Awaited<ReturnType<PrismaPg['connect']>>> {
    return this.#adapt(await super.connect())
  }

  override async connectToShadowDb(): Promise<Awaited<ReturnType<PrismaPg['connect']>>> {
    const shadow = await (this.#shadowUrl === undefined ? this.#makeShadow() : emptyShadow(this.#shadowUrl))
    const adapter = await new PrismaPg({ connectionString: shadow.url }).connect()
    const disconnect = adapter.dispose.bind(adapter)
    adapter.dispose = async () => {
      await disconnect()
      if ('name' in shadow) await this.#pool.query(`DROP DATABASE "${shadow.name}"`)
    }
    return this.#adapt(adapter)
  }

  // The adapter's own would hand the URL on to the shadow's pool, which then connects to the database that the URL names.
  async #makeShadow(): Promise<{ readonly url: string; readonly name: string }> {
    const name = `prisma_migrate_shadow_db_${randomUUID()}`
    await this.#pool.query(`CREATE DATABASE "${name}"`)
    const url = new URL(this.#pool.options.connectionString ?? '')
    url.pathname = `/${name}`
    return { url: url.href, name }
  }

  #adapt<A extends SqlDriverAdapter & { underlyingDriver(): { query(text: string): Promise<unknown> } }>(
    adapter: A,
  ): A {
    adapter.queryRaw = queryWithChars(adapter)
    if (this.#scripts === 'whole') {
      // Errors become those of an adapter: the engine tells of no others.
      const { onError } = adapter as unknown as { onError(error: unknown): never }
      adapter.executeScript = async (script) => {
        await adapter.underlyingDriver().query(script).catch(onError)
      }
    }
    return adapter
  }
}

// As the binary does: what the schema does not know stays.
async function emptyShadow(url: string): Promise<{ readonly url: string }> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  await client.query('DROP SCHEMA public CASCADE; CREATE SCHEMA public').finally(() => client.end())
  return { url }
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
