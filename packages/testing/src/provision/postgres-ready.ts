import pg from 'pg'
import { waitUntil } from './wait-until.js'

/** What {@link postgresReady} waits for. */
export interface PostgresReadiness {
  readonly url: string
  readonly log?: () => Promise<string>
  /** Milliseconds. Default 30 000. */
  readonly deadline?: number
}

/** Resolves when the server answers a query. Throws PROVISIONING_FAILED after the deadline. */
export function postgresReady({ url, log, deadline = 30_000 }: PostgresReadiness): Promise<void> {
  return waitUntil({
    server: 'PostgreSQL',
    holds: () => answers(url),
    deadline,
    interval: 50,
    ...(log !== undefined && { log }),
  })
}

async function answers(url: string): Promise<boolean> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 2_000 })
  // A server that goes away while it is asked must not end the test process.
  client.on('error', () => undefined)
  try {
    await client.connect()
    await client.query('SELECT 1')
    return true
  } finally {
    await client.end().catch(() => undefined)
  }
}
