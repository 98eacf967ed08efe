import { PigeonholeError } from '@pigeonhole/core'

/** What PostgreSQL said, whichever client carried it. */
export interface SqlStateFault {
  readonly sqlState: string
  /** PostgreSQL's own message; it never holds values of a statement's parameters in the classes mapped here. */
  readonly message: string
  /** The schema of Pigeonhole's tables, not quoted. */
  readonly schema: string
  /** The client's error. */
  readonly cause: unknown
}

/** The coded error for an SQLSTATE, or undefined where it says something else than what a store can be told. */
export function sqlStateError(fault: SqlStateFault): PigeonholeError | undefined {
  const { sqlState } = fault
  if (conflicts.has(sqlState)) return storeConflict(fault)
  if (sqlState === '42P01' || sqlState === '3F000') return schemaMissing(fault)
  if (sqlState === '42501' || sqlState.startsWith('28')) return accessDenied(fault)
  if (sqlState === '25006') return storeStandby(fault.cause)
  if (unavailableStates.has(sqlState) || unavailableClasses.has(sqlState.slice(0, 2)))
    return storeUnavailable(fault)
  return undefined
}

// serialization_failure, deadlock_detected, lock_not_available
const conflicts: ReadonlySet<string> = new Set(['40001', '40P01', '55P03'])

// Class 08 is the connection, 53 the server's resources, 57P the operator's intervention.
const unavailableClasses: ReadonlySet<string> = new Set(['08', '53'])
// The rest are timeouts of a statement (57014), an idle transaction (25P03), a transaction (25P04), a connection's slot in
// a pool, and a database that does not exist (yet).
const unavailableStates: ReadonlySet<string> = new Set([
  '57P01',
  '57P02',
  '57P03',
  '57P04',
  '57P05',
  '57014',
  '25P03',
  '25P04',
  '3D000',
])

function storeConflict({ message, cause }: SqlStateFault): PigeonholeError {
  return new PigeonholeError('STORE_CONFLICT', {
    message: `PostgreSQL gave this transaction up in favour of another one (${message}): run the same work again`,
    details: {},
    cause,
    retryable: true,
  })
}

function schemaMissing({ message, schema, cause }: SqlStateFault): PigeonholeError {
  return new PigeonholeError('SCHEMA_MISSING', {
    message:
      `Pigeonhole's tables are not in schema "${schema}" (${message}): run \`prisma migrate deploy\` or ` +
      '`pigeonhole migrate` on this database, or set the option schema to where they are',
    details: { schema },
    cause,
  })
}

function accessDenied({ message, cause }: SqlStateFault): PigeonholeError {
  return new PigeonholeError('STORE_ACCESS_DENIED', {
    message: `PostgreSQL denies access (${message}): check the credentials, and GRANT what docs/privileges.md lists`,
    details: {},
    cause,
  })
}

/** The server is in recovery. */
export function storeStandby(cause?: unknown): PigeonholeError {
  return new PigeonholeError('STORE_STANDBY', {
    message:
      'The PostgreSQL server is a standby, or this session is read-only: nothing can be written here. ' +
      'Connect to the primary (several hosts in one URL: target_session_attrs=read-write)',
    details: {},
    cause,
    retryable: true,
  })
}

/** The server cannot be reached, or did not answer. */
export function storeUnavailable({
  message,
  cause,
}: {
  readonly message: string
  readonly cause?: unknown
}): PigeonholeError {
  const doubt = isUnconnected(cause) ? '' : ': what was under way may or may not have taken effect'
  return new PigeonholeError('STORE_UNAVAILABLE', {
    message: `PostgreSQL is not available (${message})${doubt}`,
    details: {},
    cause,
    retryable: true,
  })
}

// There was never a connection over which anything could have been under way.
const unconnected: ReadonlySet<unknown> = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  '3D000', // invalid_catalog_name: the server has no database of the name that the URL has
])

function isUnconnected(cause: unknown): boolean {
  return cause instanceof Error && unconnected.has((cause as { readonly code?: unknown }).code)
}
