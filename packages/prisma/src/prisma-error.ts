import { isPigeonholeError, PigeonholeError } from '@pigeonhole/core'
import { sqlStateError, storeUnavailable } from '@pigeonhole/postgres'

/**
 * The coded error for what Prisma threw, or undefined for an error that is none of the store's.
 *
 * Prisma 7.10 gives one fault different shapes by its path: P2034 for a conflict of a model's query, P2010 or P2039 with the
 * driver's error in `meta` for a raw query, a bare DriverAdapterError at COMMIT.
 */
export function prismaError(error: unknown, schema: string): PigeonholeError | undefined {
  if (isPigeonholeError(error)) return error
  if (!(error instanceof Error)) return undefined
  const code = String((error as { readonly code?: unknown }).code ?? '')
  const message = lastLine(error.message)
  const sqlState = sqlStateOf(error)
  if (sqlState) return sqlStateError({ sqlState, message, schema, cause: error })
  if (code === 'P2034') return sqlStateError({ sqlState: '40001', message, schema, cause: error })
  if (code === 'P1000' || code === 'P1010') return sqlStateError({ sqlState: '28000', message, schema, cause: error })
  if (unavailable.has(code) || isConnectionFault(error)) return storeUnavailable({ message, cause: error })
  return undefined
}

/** The SQLSTATE inside an error of Prisma's, or undefined. */
export function sqlStateOf(error: unknown): string | undefined {
  for (const fault of [driverFault(error), driverFault(adapterErrorOf(error))]) {
    const state = fault?.originalCode ?? fault?.code
    if (typeof state === 'string' && /^[0-9A-Z]{5}$/.test(state)) return state
  }
  return undefined
}

/** The error for a client that is not inside a transaction. */
export function outsideTransaction(): PigeonholeError {
  return new PigeonholeError('OUTSIDE_TRANSACTION', {
    message:
      'This is a Prisma client and not the `tx` of a transaction, so the message could be committed without the change it ' +
      'tells of: prisma.$transaction(async (tx) => { …; await outbox.publish(tx, …) })',
    details: {},
  })
}

// P1001, P1002, P1008, P1011 and P1017: the server cannot be reached, or the connection broke. P2024: no connection was
// free in time. P2028: the transaction could not be started, or had run into its time limit.
const unavailable: ReadonlySet<string> = new Set(['P1001', 'P1002', 'P1003', 'P1008', 'P1011', 'P1017', 'P2024', 'P2028'])

const connectionKinds: ReadonlySet<unknown> = new Set([
  'DatabaseNotReachable',
  'ConnectionClosed',
  'SocketTimeout',
  'TlsConnectionError',
  'TooManyConnections',
])

function isConnectionFault(error: unknown): boolean {
  return [error, adapterErrorOf(error)].some((fault) => connectionKinds.has(driverFault(fault)?.kind))
}

interface DriverFault {
  readonly kind?: unknown
  readonly code?: unknown
  readonly originalCode?: unknown
}

function driverFault(error: unknown): DriverFault | undefined {
  if (typeof error !== 'object' || error === null) return undefined
  const { name, cause } = error as { readonly name?: unknown; readonly cause?: unknown }
  return name === 'DriverAdapterError' && typeof cause === 'object' && cause !== null ? cause : undefined
}

function adapterErrorOf(error: unknown): unknown {
  return (error as { readonly meta?: { readonly driverAdapterError?: unknown } }).meta?.driverAdapterError
}

// Prisma's messages begin with the place of the call in the user's source.
function lastLine(message: string): string {
  return message.trim().split('\n').at(-1) ?? message
}
