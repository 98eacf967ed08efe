import { PigeonholeError } from '@pigeonhole/core'
import type pg from 'pg'
import { driverError } from '../errors/driver-error.js'

/** Changes nothing, and PostgreSQL refuses it outside of a transaction and in a failed one. */
export const probeTransaction = 'SAVEPOINT pigeonhole; RELEASE SAVEPOINT pigeonhole'

/**
 * Rejects unless `client` is inside an open transaction.
 *
 * The status that PostgreSQL sent with its last answer settles it at no cost when it says that a transaction is open. When
 * it does not (a BEGIN may be under way, a wrapper or an older pg may not tell) PostgreSQL is asked, by a savepoint, which
 * it refuses outside a transaction: also on a Pool, where each statement may run on another connection.
 * @throws OUTSIDE_TRANSACTION
 */
export async function requireTransaction(client: pg.ClientBase, schema: string): Promise<void> {
  const status = (client as Partial<pg.ClientBase>).getTransactionStatus?.()
  // 'E', a failed transaction: the statement itself gets PostgreSQL's error.
  if (status === 'T' || status === 'E') return
  try {
    await client.query(probeTransaction)
  } catch (error) {
    if (isNoActiveTransaction(error)) throw outsideTransaction(error)
    if (isFailedTransaction(error)) return
    throw driverError(error, schema) ?? error
  }
}

/** Whether PostgreSQL refused {@link probeTransaction} because no transaction is open. */
export function isNoActiveTransaction(error: unknown): boolean {
  return sqlStateOf(error) === '25P01'
}

/** Whether PostgreSQL refused a statement because one before it had failed in its transaction. */
export function isFailedTransaction(error: unknown): boolean {
  return sqlStateOf(error) === '25P02'
}

/** The SQLSTATE of an error of node-postgres. */
export function sqlStateOf(error: unknown): unknown {
  return error instanceof Error ? (error as { readonly code?: unknown }).code : undefined
}

function outsideTransaction(cause: unknown): PigeonholeError {
  return new PigeonholeError('OUTSIDE_TRANSACTION', {
    message:
      'This client is not inside a transaction, so the message could be committed without the change it tells of: ' +
      "take one client (pool.connect()), `await client.query('BEGIN')`, publish with that client, then COMMIT",
    details: {},
    cause,
  })
}
