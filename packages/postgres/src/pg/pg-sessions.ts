import type pg from 'pg'
import { quoteSchema } from '../schema/schema-name.js'
import type { SqlSession } from '../sql/statement.js'
import { beginRelayTransaction } from './begin.js'
import { borrowClient } from './borrowed-client.js'
import { pgExecutor, pgLastExecutor } from './pg-executor.js'
import type { StatementNames } from './statement-names.js'
import { surviveIdleErrors } from './survive-idle-errors.js'
import { inTransaction } from './transaction.js'

/** What sessions are made from. */
export interface PgSessionsOptions {
  readonly pool: pg.Pool
  /** The schema of Pigeonhole's tables, not quoted. */
  readonly schema: string
  /** Longest time of one call of the relay, in milliseconds. */
  readonly timeoutMs: number
}

/** Opens sessions on connections of a pool. */
export class PgSessions {
  readonly pool: pg.Pool
  readonly schema: string
  readonly #quoted: string
  readonly #timeoutMs: number

  /** @throws OPTION_INVALID */
  constructor({ pool, schema, timeoutMs }: PgSessionsOptions) {
    this.pool = pool
    this.schema = schema
    this.#quoted = quoteSchema(schema)
    this.#timeoutMs = timeoutMs
    surviveIdleErrors(pool)
  }

  /** A session on a client of anyone's. */
  on(client: pg.ClientBase, names?: StatementNames): SqlSession {
    return { executor: pgExecutor(client, this.schema, names), schema: this.#quoted }
  }

  /** A session for the last statement of the transaction that `client` is in. */
  lastOn(client: pg.ClientBase, names: StatementNames): SqlSession {
    return { executor: pgLastExecutor(client, this.schema, names), schema: this.#quoted }
  }

  /** Runs `work` on a connection of its own, each statement by itself. */
  read<R>(work: (session: SqlSession) => Promise<R>): Promise<R> {
    const options = { schema: this.schema, timeoutMs: this.#timeoutMs }
    return borrowClient(this.pool, options, ({ client }) => work(this.on(client)))
  }

  /** Runs `work` in one transaction of a relay. */
  write<R>(work: (session: SqlSession) => Promise<R>): Promise<R> {
    const timeoutMs = this.#timeoutMs
    const options = { schema: this.schema, timeoutMs, begin: beginRelayTransaction(timeoutMs) }
    return inTransaction(this.pool, options, (client) => work(this.on(client)))
  }
}
