import pg from 'pg'

/**
 * A pool that does not mind when its database goes away: ending a pool does not wait for its connections, which the
 * database's end may then break.
 */
export function quietPool(connectionString: string): pg.Pool {
  const pool = new pg.Pool({ connectionString, max: 20 })
  pool.on('error', () => undefined)
  return pool
}
