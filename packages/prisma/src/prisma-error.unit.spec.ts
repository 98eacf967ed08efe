import { describe, expect, it } from 'vitest'
import { isTransactionOver, prismaError, sqlStateOf } from './prisma-error.js'

// Shapes as Prisma 7.10 throws them.
function adapterError(cause: object): Error {
  return Object.assign(new Error('of the adapter'), { name: 'DriverAdapterError', cause })
}

function knownError(
  code: string,
  meta: object = {},
  message = 'Invalid `prisma…` invocation:\n\n\nwhat is wrong',
): Error {
  return Object.assign(new Error(message), { name: 'PrismaClientKnownRequestError', code, meta })
}

function driverFault(originalCode: string, kind = 'postgres'): object {
  return { originalCode, originalMessage: 'as PostgreSQL says', kind }
}

function behind(code: string, cause: object): Error {
  return knownError(code, { driverAdapterError: adapterError(cause) })
}

describe('prismaError', () => {
  it.each<[string, Error, string]>([
    [
      'P2034 of a model query',
      behind('P2034', driverFault('40001', 'TransactionWriteConflict')),
      'STORE_CONFLICT',
    ],
    [
      'P2010 with 40P01 inside',
      behind('P2010', driverFault('40P01', 'TransactionWriteConflict')),
      'STORE_CONFLICT',
    ],
    ['a bare adapter error at COMMIT', adapterError(driverFault('40001')), 'STORE_CONFLICT'],
    ['P2010 with 42P01 inside', behind('P2010', driverFault('42P01', 'TableDoesNotExist')), 'SCHEMA_MISSING'],
    ['P2039 with 57P01 inside', behind('P2039', driverFault('57P01')), 'STORE_UNAVAILABLE'],
    ['P2010 with 25006 inside', behind('P2010', driverFault('25006')), 'STORE_STANDBY'],
    ['P2010 with 42501 inside', behind('P2010', driverFault('42501')), 'STORE_ACCESS_DENIED'],
    [
      'P1010 of a refused role',
      behind('P1010', driverFault('28000', 'DatabaseAccessDenied')),
      'STORE_ACCESS_DENIED',
    ],
    [
      'P1000 of a wrong password',
      behind('P1000', driverFault('28P01', 'AuthenticationFailed')),
      'STORE_ACCESS_DENIED',
    ],
    [
      'P2037 of too many connections',
      behind('P2037', driverFault('53300', 'TooManyConnections')),
      'STORE_UNAVAILABLE',
    ],
    ['P1001', behind('P1001', { kind: 'DatabaseNotReachable' }), 'STORE_UNAVAILABLE'],
    ['P2010 without a server', behind('P2010', { kind: 'DatabaseNotReachable' }), 'STORE_UNAVAILABLE'],
    ['P2010 with a closed connection', behind('P2010', { kind: 'ConnectionClosed' }), 'STORE_UNAVAILABLE'],
    ['P2024', knownError('P2024'), 'STORE_UNAVAILABLE'],
    ['P2028', knownError('P2028', { operation: 'commit', timeout: 1, timeTaken: 2 }), 'STORE_UNAVAILABLE'],
    [
      'an error of pg that nobody wrapped',
      new Error('Connection terminated unexpectedly'),
      'STORE_UNAVAILABLE',
    ],
  ])('codes %s', (_, error, code) => {
    expect(prismaError(error, 'pigeonhole')).toMatchObject({ code, cause: error })
  })

  it.each<[string, unknown]>([
    ['P2002', behind('P2002', driverFault('23505', 'UniqueConstraintViolation'))],
    ['a deferred violation at COMMIT', adapterError(driverFault('23503', 'ForeignKeyConstraintViolation'))],
    ['P2025', knownError('P2025')],
    ['an error of the application', new TypeError('of the application')],
    ['something thrown that is no error', 'thrown'],
    ['nothing', null],
  ])('leaves %s to whom it belongs', (_, error) => {
    expect(prismaError(error, 'pigeonhole')).toBeUndefined()
  })

  it('says what PostgreSQL said, and not where in the source Prisma was called', () => {
    expect(prismaError(behind('P2010', driverFault('57P01')), 'pigeonhole')?.message).toContain(
      '(as PostgreSQL says)',
    )
    expect(prismaError(knownError('P2024'), 'pigeonhole')?.message).toContain('(what is wrong)')
  })

  it('passes what is coded already', () => {
    const coded = prismaError(knownError('P2024'), 'pigeonhole')
    expect(prismaError(coded, 'pigeonhole')).toBe(coded)
  })
})

describe('sqlStateOf', () => {
  it('finds the state in either shape', () => {
    expect(sqlStateOf(behind('P2010', driverFault('25P02')))).toBe('25P02')
    expect(sqlStateOf(adapterError(driverFault('25P02')))).toBe('25P02')
    expect(sqlStateOf(knownError('P2010'))).toBeUndefined()
    expect(sqlStateOf(undefined)).toBeUndefined()
  })
})

describe('isTransactionOver', () => {
  it('tells a transaction that has ended from one that has expired', () => {
    expect(isTransactionOver(knownError('P2028'))).toBe(true)
    expect(isTransactionOver(knownError('P2028', { operation: 'query' }))).toBe(false)
    expect(isTransactionOver(knownError('P2010'))).toBe(false)
  })
})
