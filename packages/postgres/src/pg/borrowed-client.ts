import type pg from 'pg'
import { driverError } from '../errors/driver-error.js'
import { withDeadline } from './deadline.js'

/** How a client is borrowed. */
export interface BorrowOptions {
  /** The schema of Pigeonhole's tables, not quoted: for errors. */
  readonly schema: string
  /** Longest time from asking the pool to giving the client back, in milliseconds. */
  readonly timeoutMs: number
}

/** A client of a pool while it is lent. */
export interface BorrowedClient {
  readonly client: pg.PoolClient
  /** Its connection is in a state that nobody knows: it is ended instead of going back into the pool. */
  markBroken(): void
}

/**
 * Lends a client of the pool to `work`. When the time is over its connection is destroyed, whatever it waits for: a
 * half-open one would never answer. `work` then fails in the background.
 * @throws STORE_UNAVAILABLE when the time is over or the pool has no connection; STORE_ACCESS_DENIED.
 */
export function borrowClient<R>(
  pool: pg.Pool,
  { schema, timeoutMs }: BorrowOptions,
  work: (borrowed: BorrowedClient) => Promise<R>,
): Promise<R> {
  const loan = new Loan()
  const lend = async (): Promise<R> => {
    try {
      loan.begin(await connect(pool, schema))
      return await work(loan)
    } finally {
      loan.end()
    }
  }
  return withDeadline(timeoutMs, lend(), () => loan.cancel())
}

async function connect(pool: pg.Pool, schema: string): Promise<pg.PoolClient> {
  try {
    return await pool.connect()
  } catch (error) {
    throw driverError(error, schema) ?? error
  }
}

class Loan implements BorrowedClient {
  #client: pg.PoolClient | undefined
  #broken = false
  #cancelled = false

  get client(): pg.PoolClient {
    if (this.#client === undefined) throw new Error('The client has been given back')
    return this.#client
  }

  /** Ends at once with an error when the loan was cancelled before the pool had a client. */
  begin(client: pg.PoolClient): void {
    this.#client = client
    // A lent client has no listener of the pool's: without this one a breaking connection would end the process.
    client.on('error', this.#onError)
    if (this.#cancelled) throw new Error('The pool had a client too late')
  }

  markBroken(): void {
    this.#broken = true
  }

  cancel(): void {
    this.#cancelled = true
    this.markBroken()
    this.end()
  }

  /** Harmless when there is nothing to give back. */
  end(): void {
    const client = this.#client
    this.#client = undefined
    client?.release(this.#broken)
    client?.off('error', this.#onError)
  }

  readonly #onError = (): void => this.markBroken()
}
