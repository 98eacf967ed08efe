import pg from 'pg'
import type { PoolerMode } from './postgres-facts.js'

/** What node-postgres has, and its types do not tell: the process id that the server named when it was connected to. */
interface IdentifiedClient {
  readonly processID: number | null
}

const rounds = 5
const answerMs = 5_000

/**
 * Finds out what stands between this process and PostgreSQL, by what cannot be otherwise. A pooler names another process id than
 * the server's own session has. Where two connected clients meet in one session of the server, or one client in two, sessions
 * are shared between transactions. Where BEGIN is refused, between statements.
 */
export async function probePooler(connectionString: string): Promise<PoolerMode> {
  const first = await connect(connectionString)
  try {
    if (await isDirect(first)) return 'none'
    const second = await connect(connectionString)
    try {
      return await modeOf(first, second)
    } catch {
      return 'unknown'
    } finally {
      void second.end().catch(() => undefined)
    }
  } finally {
    void first.end().catch(() => undefined)
  }
}

async function connect(connectionString: string): Promise<pg.Client> {
  const client = new pg.Client({
    connectionString,
    application_name: 'pigeonhole doctor',
    connectionTimeoutMillis: answerMs,
    query_timeout: answerMs,
  })
  // One that is cut fails its statement.
  client.on('error', () => undefined)
  await client.connect()
  return client
}

async function isDirect(client: pg.Client): Promise<boolean> {
  return (await sessionOf(client)) === (client as unknown as IdentifiedClient).processID
}

async function sessionOf(client: pg.Client): Promise<number | undefined> {
  const { rows } = await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid')
  return rows[0]?.pid
}

async function modeOf(first: pg.Client, second: pg.Client): Promise<PoolerMode> {
  for (let round = 0; round < rounds; round += 1) {
    const before = await sessionOf(first)
    try {
      await second.query('BEGIN')
    } catch (error) {
      if (isProtocolViolation(error)) return 'statement'
      throw error
    }
    const held = await sessionOf(second)
    if (held === before) return 'transaction'
    const after = await sessionOf(first)
    await second.query('COMMIT')
    if (after !== before) return 'transaction'
  }
  return 'session'
}

// PgBouncer's answer to BEGIN where it gives a session to each statement.
function isProtocolViolation(error: unknown): boolean {
  return (error as { readonly code?: unknown }).code === '08P01'
}
