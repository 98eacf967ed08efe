import pg from 'pg'

/**
 * How long a connection may take to be made, in milliseconds. Without a bound one that is never answered keeps its place in the
 * pool for ever (pg-pool 3): a few of those, and nothing gets a connection any more.
 */
const connectMs = 5_000

/** What node-postgres has, and its types do not tell. */
interface UnrefableClient {
  unref(): void
}

/**
 * Runs `work` with a pool of its own, and ends the pool.
 *
 * A connection whose other end is gone without a word (a failover, a firewall that forgot it) never answers its end. The pool
 * does not wait for that, but Node does: such connections keep the process running no more.
 */
export async function withPool<R>(config: pg.PoolConfig, work: (pool: pg.Pool) => Promise<R>): Promise<R> {
  const pool = new pg.Pool({ connectionTimeoutMillis: connectMs, ...config })
  const clients = new Set<pg.PoolClient>()
  pool.on('connect', (client) => clients.add(client))
  pool.on('remove', (client) => clients.delete(client))
  try {
    return await work(pool)
  } finally {
    await pool.end()
    for (const client of clients) (client as unknown as UnrefableClient).unref()
  }
}
