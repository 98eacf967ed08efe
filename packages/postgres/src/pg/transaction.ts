import { isPigeonholeError, type PigeonholeError } from '@pigeonhole/core'
import type pg from 'pg'
import { driverError } from '../errors/driver-error.js'
import { storeUnavailable } from '../errors/sql-state-error.js'
import { type BorrowedClient, type BorrowOptions, borrowClient } from './borrowed-client.js'
import { Closing } from './closing.js'
import { Opening, type OpeningOptions } from './opening.js'
import type { TransactionFrame } from './transaction-frame.js'

/** How a transaction is run. */
export interface TransactionOptions extends BorrowOptions, OpeningOptions {}

/**
 * Runs `work` in one transaction on a client of the pool: commits when it resolves, rolls back when it rejects. Its error
 * passes unmodified, unless the connection has broken.
 * @throws STORE_UNAVAILABLE when the outcome is unknown: also when it may have committed.
 */
export function inTransaction<R>(
  pool: pg.Pool,
  options: TransactionOptions,
  work: (client: pg.PoolClient) => Promise<R>,
): Promise<R> {
  return openTransaction(pool, options, async (client, { opening }) => {
    await opening.begin()
    return work(client)
  })
}

/**
 * As {@link inTransaction}, for work that opens the transaction itself, with its first statement, and may commit it with its last.
 */
export function openTransaction<R>(
  pool: pg.Pool,
  options: TransactionOptions,
  work: (client: pg.PoolClient, frame: TransactionFrame) => Promise<R>,
): Promise<R> {
  return borrowClient(pool, options, async (borrowed) => {
    const { client } = borrowed
    const opening = new Opening(client, options)
    const closing = new Closing()
    let result: R
    try {
      result = await work(client, { opening, closing })
      await opening.begin()
    } catch (error) {
      if (await rollBack(borrowed, client)) throw error
      throw connectionBroke(error, options.schema)
    }
    if (!closing.isCommitted) await commit(borrowed, options.schema)
    return result
  })
}

// Resolves to whether the connection was there to roll back on.
async function rollBack(borrowed: BorrowedClient, client: pg.PoolClient): Promise<boolean> {
  try {
    await client.query('ROLLBACK')
    return true
  } catch {
    borrowed.markBroken()
    return false
  }
}

// What `work` threw may be anyone's error: that its own connection is gone tells that it is not the work's.
function connectionBroke(error: unknown, schema: string): PigeonholeError {
  if (isPigeonholeError(error, 'STORE_UNAVAILABLE')) return error
  const message = error instanceof Error ? error.message : 'the connection broke'
  return driverError(error, schema) ?? storeUnavailable({ message, cause: error })
}

async function commit(borrowed: BorrowedClient, schema: string): Promise<void> {
  const { command } = await borrowed.client.query('COMMIT').catch((error: unknown) => {
    borrowed.markBroken()
    throw driverError(error, schema) ?? (isRefusal(error) ? error : connectionBroke(error, schema))
  })
  // PostgreSQL answers COMMIT with ROLLBACK, and no error, when a statement had failed and `work` swallowed it.
  if (command !== 'COMMIT')
    throw new Error(`PostgreSQL answered COMMIT with ${command}: a statement had failed before it`)
}

// PostgreSQL's own word that it has not committed. Whatever else ends a COMMIT leaves that open: an error of the socket or of TLS,
// or a session that the server ends.
function isRefusal(error: unknown): boolean {
  return (error as { readonly severity?: unknown } | null)?.severity === 'ERROR'
}
