import { isPigeonholeError, type PigeonholeError } from '@pigeonhole/core'
import { sqlStateError, storeUnavailable } from './sql-state-error.js'

/**
 * The coded error for what node-postgres threw, or undefined for an error that is none of the store's: it then passes
 * unmodified.
 */
export function driverError(error: unknown, schema: string): PigeonholeError | undefined {
  if (isPigeonholeError(error)) return error
  if (!(error instanceof Error)) return undefined
  const { message } = error
  const code = (error as { readonly code?: unknown }).code
  if (typeof code === 'string') {
    const isSystemError = systemErrors.has(code)
    return isSystemError
      ? storeUnavailable({ message: message || code, cause: error })
      : sqlStateError({ sqlState: code, message, schema, cause: error })
  }
  return brokenConnection.test(message) ? storeUnavailable({ message, cause: error }) : undefined
}

const systemErrors: ReadonlySet<string> = new Set([
  'EAI_AGAIN',
  'ECONNABORTED',
  'ECONNREFUSED',
  'ECONNRESET',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOENT', // the socket's file
  'ENOTFOUND',
  'EPIPE',
  'ETIMEDOUT',
])

// pg 8.23 and pg-pool give these no code:
// "Connection terminated[ unexpectedly]", "Connection terminated due to connection timeout", "Query read timeout",
// "timeout expired", "timeout exceeded when trying to connect", "Client has encountered a connection error and is not
// queryable", "Client was closed and is not queryable", "Cannot use a pool after calling end on the pool".
const brokenConnection =
  /^(Connection terminated|Query read timeout|timeout ex|Client (has|was) .*not queryable|Cannot use a pool)/
