import { PigeonholeError } from '@pigeonhole/core'
import type pg from 'pg'
import { driverError } from '../errors/driver-error.js'
import type { SqlExecutor, SqlRow, SqlValue } from '../sql/statement.js'
import { KeptStatement } from './kept-statement.js'
import { frameOf } from './lent-client.js'
import { type StatementNames, unnamed } from './statement-names.js'

/**
 * Runs statements on a client of node-postgres.
 * Errors that concern the store arrive coded, others as they are.
 */
export function pgExecutor(
  client: pg.ClientBase,
  schema: string,
  nameOf: StatementNames = unnamed,
): SqlExecutor {
  return executorOf(client, { schema, nameOf, keptBy: runKept })
}

/**
 * As {@link pgExecutor}, for the last statement of a transaction that commits: where the connection has it already, it takes
 * COMMIT along, and nothing may be run behind it.
 */
export function pgLastExecutor(client: pg.ClientBase, schema: string, nameOf: StatementNames): SqlExecutor {
  return executorOf(client, { schema, nameOf, keptBy: runKeptLast })
}

interface ExecutorParts {
  readonly schema: string
  readonly nameOf: StatementNames
  /** Runs what the connection has. */
  readonly keptBy: typeof runKept
}

function executorOf(client: pg.ClientBase, { schema, nameOf, keptBy }: ExecutorParts): SqlExecutor {
  return {
    async query(text, values) {
      const name = nameOf(text)
      try {
        return await (name === undefined
          ? ask(client, text, values)
          : askByName(client, { name, text, values, keptBy }))
      } catch (error) {
        if (isForgotten(error)) throw forgotten(client, error)
        throw driverError(error, schema) ?? error
      }
    },
  }
}

async function ask(client: pg.ClientBase, text: string, values: readonly SqlValue[]): Promise<SqlRow[]> {
  const { rows } = await client.query<SqlRow>({ text, values: [...values], types })
  return rows
}

interface NamedQuery {
  readonly name: string
  readonly text: string
  readonly values: readonly SqlValue[]
  readonly keptBy: typeof runKept
}

async function askByName(
  client: pg.ClientBase,
  { name, text, values, keptBy }: NamedQuery,
): Promise<readonly SqlRow[]> {
  const statement = values.some(Array.isArray) ? undefined : KeptStatement.of(client, name)
  if (!statement) {
    const { rows, fields } = await client.query<SqlRow>({ name, text, values: [...values], types })
    const columns = fields.map(({ name, dataTypeID }) => ({ name, parse: types.getTypeParser(dataTypeID) }))
    KeptStatement.keep(client, { name, text, columns })
    return rows
  }
  return keptBy(statement, client, values)
}

// Takes BEGIN along, if nothing was sent before.
async function runKept(
  statement: KeptStatement,
  client: pg.ClientBase,
  values: readonly SqlValue[],
): Promise<readonly SqlRow[]> {
  const opening = frameOf(client)?.opening
  const before = opening?.take()
  try {
    return await statement.run(client, { values, before, after: undefined })
  } catch (error) {
    // What has not begun has an error of its own.
    if (before) await opening?.begin()
    throw error
  }
}

// Takes COMMIT along. A transaction that nothing has begun yet has a last statement like any other.
async function runKeptLast(
  statement: KeptStatement,
  client: pg.ClientBase,
  values: readonly SqlValue[],
): Promise<readonly SqlRow[]> {
  const frame = frameOf(client)
  if (!frame?.opening.isSent) return runKept(statement, client, values)
  return frame.closing.taking((after) => statement.run(client, { values, before: undefined, after }))
}

// 26000, invalid_sql_statement_name
function isForgotten(error: unknown): error is Error {
  return error instanceof Error && (error as { readonly code?: unknown }).code === '26000'
}

// The transaction is lost, the work is not: the next attempt prepares what it needs.
function forgotten(client: pg.ClientBase, cause: Error): PigeonholeError {
  KeptStatement.forgetAll(client)
  return new PigeonholeError('STORE_CONFLICT', {
    message:
      `The connection does not have a statement that was prepared on it (${cause.message}): run the same work again. Where this goes on, a ` +
      'pooler in between gives each transaction another connection: leave preparedStatements out. Otherwise something sends DEALLOCATE or DISCARD',
    details: {},
    cause,
    retryable: true,
  })
}

type TextParser = (value: string) => unknown

// The types that statements return. pg's own parsers are global to the process, and applications change them.
const parsers: ReadonlyMap<number, TextParser> = new Map<number, TextParser>([
  [16, (value) => value === 't'], // bool
  [17, parseBytes], // bytea
  [23, Number], // int4
  [701, Number], // float8
])
const asText: TextParser = (value) => value
const types = {
  getTypeParser: (oid: number): TextParser => parsers.get(oid) ?? asText,
} satisfies pg.CustomTypesConfig

function parseBytes(value: string): Uint8Array {
  // The old 'escape' form is one that a server or a role may still be set to; transactions of ours ask for hex.
  if (!value.startsWith('\\x')) throw new TypeError("bytea_output is 'escape': set it to 'hex' for this role")
  return Buffer.from(value.slice(2), 'hex')
}
