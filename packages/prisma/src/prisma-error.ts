import { isPigeonholeError, PigeonholeError } from '@pigeonhole/core'
import { driverError, sqlStateError, storeUnavailable } from '@pigeonhole/postgres'

/**
 * The coded error for what Prisma threw, or undefined for an error that is none of the store's.
 *
 * Prisma 7.10 gives one fault different shapes by its path: P2034 for a conflict of a model's query, P2010 (raw queries) and
 * P2039 (models) with the driver's error in `meta` for what it has no code of its own for, a bare DriverAdapterError at
 * COMMIT, and node-postgres's own error, unwrapped, for a connection that has broken earlier.
 */
export function prismaError(error: unknown, schema: string): PigeonholeError | undefined {
  if (isPigeonholeError(error)) return error
  if (!(error instanceof Error)) return undefined
  const fault = driverFault(error)
  const sqlState = sqlStateOf(error)
  const message = textOf(fault?.originalMessage) ?? lastLine(error.message)
  if (sqlState) return sqlStateError({ sqlState, message, schema, cause: error })
  if (unavailable.has(codeOf(error)) || connectionKinds.has(fault?.kind))
    return storeUnavailable({ message, cause: error })
  return fault ? undefined : bareDriverError(error, schema)
}

/** The SQLSTATE inside an error of Prisma's, or undefined. */
export function sqlStateOf(error: unknown): string | undefined {
  return textOf(driverFault(error)?.originalCode)
}

/** Whether an error of Prisma's own says that its connection is not there any more. */
export function isConnectionError(error: unknown): boolean {
  return connectionCodes.has(codeOf(error)) || connectionKinds.has(driverFault(error)?.kind)
}

/** Whether a statement was refused because its transaction had ended, by commit or by rollback. */
export function isTransactionOver(error: unknown): boolean {
  // Expired ones say which operation came too late.
  return codeOf(error) === 'P2028' && metaOf(error)?.operation === undefined
}

/** The error for what is no transaction, or none any more. */
export function outsideTransaction(cause?: unknown): PigeonholeError {
  return new PigeonholeError('OUTSIDE_TRANSACTION', {
    message:
      'This is not the `tx` of a Prisma transaction that is still open, so the message could be committed without the ' +
      'change it tells of: prisma.$transaction(async (tx) => { …; await outbox.publish(tx, …) })',
    details: {},
    cause,
  })
}

// P1001, P1002, P1003, P1008, P1011 and P1017: the server, or its database, cannot be reached, or the connection broke.
// P2024: no connection was free in time. P2028: the transaction could not be started, or had run into its time limit.
const unavailable: ReadonlySet<unknown> = new Set([
  'P1001',
  'P1002',
  'P1003',
  'P1008',
  'P1011',
  'P1017',
  'P2024',
  'P2028',
])

const connectionCodes: ReadonlySet<unknown> = new Set(['P1001', 'P1002', 'P1008', 'P1011', 'P1017'])

const connectionKinds: ReadonlySet<unknown> = new Set([
  'DatabaseNotReachable',
  'ConnectionClosed',
  'SocketTimeout',
  'TlsConnectionError',
])

// Errors with a code of Prisma's that is not listed above are the user's own: a P2002 is no matter of the store's.
function bareDriverError(error: Error, schema: string): PigeonholeError | undefined {
  return textOf(codeOf(error))?.startsWith('P') ? undefined : driverError(error, schema)
}

/** What the driver adapter found: `kind` is Prisma's name for it, the rest is PostgreSQL's. */
interface DriverFault {
  readonly kind?: unknown
  readonly originalCode?: unknown
  readonly originalMessage?: unknown
}

function driverFault(error: unknown): DriverFault | undefined {
  const adapterError = isNamed(error, 'DriverAdapterError') ? error : metaOf(error)?.driverAdapterError
  return isNamed(adapterError, 'DriverAdapterError') ? adapterError.cause : undefined
}

interface PrismaMeta {
  readonly driverAdapterError?: unknown
  readonly operation?: unknown
}

function metaOf(error: unknown): PrismaMeta | undefined {
  return (error as { readonly meta?: PrismaMeta } | null)?.meta
}

function codeOf(error: unknown): unknown {
  return (error as { readonly code?: unknown } | null)?.code
}

function isNamed(error: unknown, name: string): error is { readonly cause?: DriverFault } {
  return typeof error === 'object' && error !== null && (error as { readonly name?: unknown }).name === name
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined
}

// Prisma's messages begin with the place of the call in the user's source.
function lastLine(message: string): string {
  return message.trim().split('\n').at(-1) ?? message
}
