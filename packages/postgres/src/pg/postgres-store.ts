import {
  assertKnownOptions,
  assertWholeNumber,
  type IdempotencyStore,
  type InboxParkingStore,
  type InboxPositionsStore,
  type InboxStore,
  type MonitorStore,
  type OutboxStore,
  type RelayStore,
  type TransactionBounds,
} from '@pigeonhole/core'
import type pg from 'pg'
import { driverError } from '../errors/driver-error.js'
import { type IdempotencyMethods, sqlIdempotencyStore } from '../idempotency/sql-idempotency-store.js'
import { sqlInboxParked } from '../inbox/sql-inbox-parked.js'
import { sqlInboxPositions } from '../inbox/sql-inbox-positions.js'
import { sqlInboxStore } from '../inbox/sql-inbox-store.js'
import { readMeasures, readXidHolder } from '../monitor/read-measures.js'
import type { ShardReports } from '../monitor/shard-reports.js'
import { sqlOutboxStore } from '../outbox/sql-outbox-store.js'
import { defaultSchema } from '../schema/schema-name.js'
import { reportRelayShard } from '../sql/relay-shard/report.js'
import { selectShardReports } from '../sql/relay-shard/select-reports.js'
import { run } from '../sql/statement.js'
import { beginHandlerTransaction } from './begin.js'
import { frameOf, lendClient } from './lent-client.js'
import { pgRelayStore } from './pg-relay-store.js'
import { PgSessions } from './pg-sessions.js'
import {
  isFailedTransaction,
  isNoActiveTransaction,
  probeTransaction,
  requireTransaction,
  sqlStateOf,
} from './require-transaction.js'
import { namedByText, type StatementNames, unnamed } from './statement-names.js'
import { openTransaction } from './transaction.js'

/** What {@link postgresStore} takes besides the pool. */
export interface PostgresStoreOptions {
  /**
   * PostgreSQL schema of Pigeonhole's tables.
   * @default 'pigeonhole'
   */
  readonly schema?: string
  /**
   * Longest time of one call of a relay, in milliseconds, on the server and on this side: a connection that does not
   * answer is dropped then. Keep it below the relay's lease.
   * @default 8000
   */
  readonly relayTimeoutMs?: number
  /**
   * Whether connections keep the statements of publishing, of an inbox and of idempotency keys (named prepared statements), which
   * saves PostgreSQL their planning, and a round trip, because BEGIN travels with the first of them: a message that is handled by
   * itself takes a quarter less time. Not through PgBouncer before 1.21, nor later where `max_prepared_statements` is 0: there a
   * statement is not on the connection that is given.
   * @default false
   */
  readonly preparedStatements?: boolean
}

/** A store over node-postgres: all that publishing, an inbox, its operators, idempotency keys, a relay, a monitor and a worker's page need. */
export interface PostgresStore
  extends OutboxStore<pg.ClientBase>,
    InboxStore<pg.ClientBase>,
    IdempotencyStore<pg.ClientBase>,
    InboxPositionsStore,
    InboxParkingStore,
    RelayStore,
    MonitorStore,
    ShardReports {}

const defaults = {
  schema: defaultSchema,
  relayTimeoutMs: 8_000,
  preparedStatements: false,
} satisfies PostgresStoreOptions

/**
 * A store over a pool of node-postgres. To publish, pass a client of the pool that is inside a transaction.
 * The pool stays the caller's: nothing here ends it. A relay needs two connections of it for each shard. Give the pool a
 * `connectionTimeoutMillis`: without one, a connection that is never answered keeps its place in the pool for ever (pg-pool 3).
 * @throws OPTION_INVALID
 */
export function postgresStore(pool: pg.Pool, options: PostgresStoreOptions = {}): PostgresStore {
  assertKnownOptions('postgresStore', options, Object.keys(defaults))
  const { schema, relayTimeoutMs: timeoutMs, preparedStatements } = { ...defaults, ...options }
  assertWholeNumber('relayTimeoutMs', timeoutMs, { min: 1 })
  const sessions = new PgSessions({ pool, schema, timeoutMs })
  const names = preparedStatements ? namedByText() : unnamed
  const outbox = sqlOutboxStore(async (client: pg.ClientBase) => {
    await requireTransaction(client, schema)
    return sessions.on(client, names)
  })
  return {
    ...outbox,
    ...pgInboxStore(sessions, names),
    ...pgIdempotencyStore(sessions, names),
    ...sqlInboxPositions((work) => sessions.write(work)),
    ...sqlInboxParked((work) => sessions.write(work)),
    ...pgRelayStore(sessions),
    ...pgMonitorStore(sessions),
    ...pgShardReports(sessions),
  }
}

function pgMonitorStore(sessions: PgSessions): MonitorStore {
  return {
    readMeasures: () => sessions.read(readMeasures),
    readXidHolder: () => sessions.read(readXidHolder),
  }
}

function pgShardReports(sessions: PgSessions): ShardReports {
  return {
    async reportShard(report): Promise<void> {
      await sessions.write((session) => run(session, reportRelayShard, report))
    },
    readShardReports: () => sessions.read((session) => run(session, selectShardReports, null)),
  }
}

function pgInboxStore(sessions: PgSessions, names: StatementNames): InboxStore<pg.ClientBase> {
  const { pool, schema } = sessions
  const beginOf = lastMade(beginHandlerTransaction)
  return sqlInboxStore<pg.ClientBase>({
    schema,
    sessionOf: async (client) => sessions.on(client, names),
    inSession: (work) => sessions.read(work),
    transaction({ timeoutMs }: TransactionBounds, work) {
      const options = { schema, timeoutMs, begin: beginOf(timeoutMs) }
      return openTransaction(pool, options, (client, frame) =>
        lendClient(client, frame, work).catch(rethrowServers(schema)),
      )
    },
    isUsable: (client) => isUsable(client, schema),
  })
}

// A store's inboxes have one time limit, or a few.
function lastMade<R>(make: (of: number) => R): (of: number) => R {
  let last: { readonly of: number; readonly made: R } | undefined
  return (of) => {
    if (last?.of !== of) last = { of, made: make(of) }
    return last.made
  }
}

function pgIdempotencyStore(sessions: PgSessions, names: StatementNames): IdempotencyMethods<pg.ClientBase> {
  return sqlIdempotencyStore<pg.ClientBase>({
    sessionOf: async (client) => sessions.on(client, names),
    write: (work) => sessions.write(work),
    runLast: (client, statement, params) => run(sessions.lastOn(client, names), statement, params),
    sqlStateOf,
  })
}

// A handler's own statements may lose a deadlock, find a disk full or a server that shuts down: the inbox learns that the
// work can be done again, and that its message is not to blame. All other errors of a handler are its own, also those of
// other services, whose connections are refused.
function rethrowServers(schema: string): (error: unknown) => never {
  return (error) => {
    const coded = driverError(error, schema)
    const isServers = coded?.code === 'STORE_CONFLICT' || (coded !== undefined && isServersState(error))
    throw isServers ? coded : error
  }
}

// Classes 53, insufficient resources, and 57P, the operator's intervention.
function isServersState(error: unknown): boolean {
  const { code } = error as { readonly code?: unknown }
  return typeof code === 'string' && /^(53...|57P..)$/.test(code)
}

async function isUsable(client: pg.ClientBase, schema: string): Promise<boolean> {
  // A handler may have sent nothing at all.
  await frameOf(client)?.opening.begin()
  // node-postgres rejects a statement when it reads the error, and learns of the transaction's state one message later.
  const { readyForQuery } = client as { readonly readyForQuery?: boolean }
  const status = readyForQuery ? (client as Partial<pg.ClientBase>).getTransactionStatus?.() : undefined
  if (status) return status === 'T'
  try {
    await client.query(probeTransaction)
    return true
  } catch (error) {
    if (isNoActiveTransaction(error) || isFailedTransaction(error)) return false
    throw driverError(error, schema) ?? error
  }
}
