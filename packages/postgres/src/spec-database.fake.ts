import { createDatabase, type TestDatabase } from '@pigeonhole/testing'
import pg from 'pg'
import { inject } from 'vitest'
import { migrate } from './migrations/migrate.js'
import { pgExecutor } from './pg/pg-executor.js'
import type { SqlSession } from './sql/statement.js'

/** A database of one spec file's own, with the tables in it. */
export class SpecDatabase {
  readonly url: string
  readonly pool: pg.Pool
  readonly #database: TestDatabase

  private constructor(database: TestDatabase) {
    this.#database = database
    this.url = database.url
    this.pool = new pg.Pool({ connectionString: database.url })
    // Ending a pool does not wait for its connections, which the database's end may then break.
    this.pool.on('error', () => undefined)
  }

  static async create({ serverUrl = inject('databaseUrl'), tables = true } = {}): Promise<SpecDatabase> {
    const database = new SpecDatabase(await createDatabase({ url: serverUrl }))
    if (tables) await migrate({ pool: database.pool })
    return database
  }

  /** A session on a connection of the pool; give it back with `release`. */
  async session(): Promise<SqlSession & { readonly client: pg.PoolClient }> {
    const client = await this.pool.connect()
    return { client, ...this.sessionOn(client) }
  }

  /** A session on a client of the spec's. */
  sessionOn(client: pg.ClientBase): SqlSession {
    return { executor: pgExecutor(client, 'pigeonhole'), schema: '"pigeonhole"' }
  }

  /** The database's URL with another user. */
  urlOf(user: string, password: string): string {
    const url = new URL(this.url)
    url.username = user
    url.password = password
    return url.href
  }

  async drop(): Promise<void> {
    await this.pool.end()
    await this.#database.drop()
  }
}
