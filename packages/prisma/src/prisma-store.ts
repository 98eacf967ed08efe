import {
  assertKnownOptions,
  type IdempotencyStore,
  type InboxStore,
  type OutboxStore,
  type PigeonholeError,
  type TransactionBounds,
} from '@pigeonhole/core'
import {
  boundTransaction,
  defaultSchema,
  quoteSchema,
  runStatement,
  type SqlSession,
  type Statement,
  sqlIdempotencyStore,
  sqlInboxStore,
  sqlOutboxStore,
  storeUnavailable,
  withDeadline,
} from '@pigeonhole/postgres'
import { HandlerScope, probeStatement } from './handler-scope.js'
import type { CallablePrismaClient, PrismaClientLike, RawQueries, TransactionOf } from './prisma-client.js'
import { isConnectionError, outsideTransaction, prismaError, sqlStateOf } from './prisma-error.js'
import { prismaExecutor } from './prisma-executor.js'

/** What {@link prismaStore} takes besides the client. */
export interface PrismaStoreOptions {
  /**
   * PostgreSQL schema of Pigeonhole's tables.
   * @default 'pigeonhole'
   */
  readonly schema?: string
}

/**
 * A store over a Prisma client: publishing, an inbox and idempotency keys. A relay has connections of its own:
 * `postgresStore(pool)`.
 */
export interface PrismaStore<Tx> extends OutboxStore<Tx>, InboxStore<Tx>, IdempotencyStore<Tx> {}

/**
 * A store over your own Prisma client, extended or not. To publish, pass the `tx` of one of its interactive transactions.
 * @throws OPTION_INVALID
 */
export function prismaStore<Client extends PrismaClientLike>(
  prisma: Client,
  options: PrismaStoreOptions = {},
): PrismaStore<TransactionOf<Client>> {
  assertKnownOptions('prismaStore', options, ['schema'])
  const { schema = defaultSchema } = options
  type Tx = TransactionOf<Client>
  return new PrismaSessions<Tx>(prisma as unknown as CallablePrismaClient<Tx>, schema).store()
}

/** How long a transaction waits for a connection of Prisma's pool, in milliseconds. Prisma's own default is 2,000. */
const maxWaitMs = 10_000
/** How long a COMMIT may go without an answer, in milliseconds. Prisma itself waits for ever. */
const commitMs = 10_000
/** Bounds of the transactions that have no handler. */
const readBounds: TransactionBounds = { timeoutMs: 10_000 }

class PrismaSessions<Tx> {
  readonly #prisma: CallablePrismaClient<Tx>
  readonly #schema: string
  readonly #quoted: string
  /** By the `tx` that a handler was given. */
  readonly #scopes = new WeakMap<object, HandlerScope>()

  constructor(prisma: CallablePrismaClient<Tx>, schema: string) {
    this.#prisma = prisma
    this.#schema = schema
    this.#quoted = quoteSchema(schema)
  }

  store(): PrismaStore<Tx> {
    const sessionOf = async (tx: Tx): Promise<SqlSession> => this.#session(tx)
    const inSession = <R>(work: (session: SqlSession) => Promise<R>): Promise<R> =>
      this.#transaction(this.#prisma, readBounds, (tx) => work(this.#session(tx)))
    const inbox = sqlInboxStore<Tx>({
      schema: this.#schema,
      sessionOf,
      inSession,
      transaction: (bounds, work) => this.#handlerTransaction(bounds, work),
      isUsable: async (tx) => {
        await this.#scopes.get(tx as object)?.end(probeStatement)
        return isUsable(tx as RawQueries, this.#schema)
      },
    })
    const idempotency = sqlIdempotencyStore<Tx>({
      sessionOf,
      write: inSession,
      runLast: (tx, statement, params) => this.#runLast(tx, statement, params),
      sqlStateOf,
    })
    return { ...sqlOutboxStore<Tx>(sessionOf), ...inbox, ...idempotency }
  }

  #session(tx: Tx): SqlSession {
    // A `tx` has everything of its client but what opens and closes connections.
    if (typeof (tx as { readonly $connect?: unknown }).$connect === 'function') throw outsideTransaction()
    return { executor: prismaExecutor(tx as RawQueries, this.#schema), schema: this.#quoted }
  }

  async #runLast<Params, Row>(tx: Tx, statement: Statement<Params, Row>, params: Params): Promise<Row[]> {
    const session = this.#session(tx)
    await this.#scopes.get(tx as object)?.end(statement.text(session.schema))
    return await runStatement(session, statement, params)
  }

  #handlerTransaction<R>(bounds: TransactionBounds, work: (tx: Tx) => Promise<R>): Promise<R> {
    const scope = new HandlerScope()
    return this.#transaction(this.#prisma.$extends(scope.extension), bounds, (tx) => {
      this.#scopes.set(tx as object, scope)
      return work(tx)
    })
  }

  // What `work` throws passes unmodified, but for a lost conflict: the same work may then be run again.
  async #transaction<R>(
    client: CallablePrismaClient<Tx>,
    { timeoutMs }: TransactionBounds,
    work: (tx: Tx) => Promise<R>,
  ): Promise<R> {
    let thrownByWork: unknown
    let isCommitting = false
    const bounded = async (tx: Tx): Promise<R> => {
      await boundTransaction(this.#session(tx), timeoutMs)
      try {
        const result = await withDeadline(timeoutMs, work(tx), () => undefined)
        isCommitting = true
        return result
      } catch (error) {
        thrownByWork = error
        throw error
      }
    }
    const running = client.$transaction(bounded, {
      maxWait: maxWaitMs,
      timeout: timeoutMs,
      isolationLevel: 'ReadCommitted',
    })
    try {
      return await withDeadline(maxWaitMs + timeoutMs + commitMs, running, () => undefined)
    } catch (error) {
      const coded = prismaError(error, this.#schema)
      if (error === thrownByWork && !isStores(error, coded)) throw error
      throw coded ?? (isCommitting && !sqlStateOf(error) ? commitBroke(error) : error)
    }
  }
}

// Only PostgreSQL's own word says that it has not committed. Whatever else ends a COMMIT, an error of the socket or of TLS, leaves that
// open.
function commitBroke(error: unknown): PigeonholeError {
  const message = error instanceof Error ? error.message : 'the connection broke'
  return storeUnavailable({ message, cause: error })
}

// A conflict, a broken connection, a full disk or a server that shuts down: the work can be done again, and its message is
// not to blame. What only looks so, a refused connection to another service, is the handler's own.
function isStores(error: unknown, coded: PigeonholeError | undefined): boolean {
  if (coded?.code === 'STORE_CONFLICT') return true
  const sqlState = sqlStateOf(error)
  return (
    coded?.code === 'STORE_UNAVAILABLE' &&
    (sqlState ? /^(08|53|57P)/.test(sqlState) : isConnectionError(error))
  )
}

const unusable: ReadonlySet<string | undefined> = new Set(['25P02', '25P01'])

async function isUsable(tx: RawQueries, schema: string): Promise<boolean> {
  try {
    await tx.$queryRawUnsafe(probeStatement)
    return true
  } catch (error) {
    // A statement has failed, or the handler has sent a COMMIT or ROLLBACK of its own.
    if (unusable.has(sqlStateOf(error))) return false
    throw prismaError(error, schema) ?? error
  }
}
