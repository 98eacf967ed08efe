import { randomUUID } from 'node:crypto'
import type { CapturedRow } from '@pigeonhole/core'
import { migrate } from '@pigeonhole/postgres'
import { createDatabase, type TestDatabase } from '@pigeonhole/testing'
import type pg from 'pg'
import { inject } from 'vitest'
import { quietPool } from './quiet-pool.js'

/** A database for the stores of one spec file, each in a schema of its own. */
export class StoreDatabase {
  readonly url: string
  readonly pool: pg.Pool
  readonly #database: TestDatabase

  private constructor(database: TestDatabase) {
    this.#database = database
    this.url = database.url
    this.pool = quietPool(database.url)
  }

  static async create(): Promise<StoreDatabase> {
    return new StoreDatabase(await createDatabase({ url: inject('databaseUrl') }))
  }

  /** Makes the tables in a new schema and returns its name. */
  async newSchema(): Promise<string> {
    const schema = `s_${randomUUID().replaceAll('-', '')}`
    await migrate({ pool: this.pool, schema })
    return schema
  }

  /** The committed messages of a schema by their seq. */
  async readMessages(schema: string): Promise<CapturedRow[]> {
    const { rows } = await this.pool.query<CapturedRow>(
      `SELECT id, topic, key, partition, bucket, headers, payload, seq::text AS seq
       FROM ${schema}.outbox_message ORDER BY outbox_message.seq`,
    )
    return rows
  }

  async drop(): Promise<void> {
    await this.pool.end()
    await this.#database.drop()
  }
}
