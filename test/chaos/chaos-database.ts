import { createHash } from 'node:crypto'
import { migrate } from '@pigeonhole/postgres'
import {
  type CommittedMessage,
  createDatabase,
  type Effect,
  type PostgresServer,
  type TestDatabase,
} from '@pigeonhole/testing'
import pg from 'pg'

// The ledger holds what is committed, in the order per key that the key's own row gives.
const tables = `
  CREATE TABLE aggregate (key text PRIMARY KEY, version int NOT NULL);
  CREATE TABLE ledger (
    id text PRIMARY KEY, topic text NOT NULL, key text NOT NULL, version int NOT NULL, digest text NOT NULL,
    xid xid8 NOT NULL DEFAULT pg_current_xact_id());
  CREATE TABLE effect (
    number bigint GENERATED ALWAYS AS IDENTITY, id text NOT NULL, topic text NOT NULL, key text NOT NULL, version int NOT NULL);
  INSERT INTO aggregate SELECT 'key-' || i, 0 FROM generate_series(0, 19) i`

/**
 * A database with the tables of an outbox and of writers. From then on no transaction waits for its commit to be durable that
 * does not ask for it: a crash takes back what it can.
 */
export async function createChaosDatabase(server: PostgresServer): Promise<TestDatabase> {
  const database = await createDatabase(server)
  await migrate({ connectionString: database.url })
  const { pathname } = new URL(database.url)
  await query(database.url, tables)
  await query(database.url, `ALTER DATABASE "${pathname.slice(1)}" SET synchronous_commit = off`)
  return database
}

/** A message of the ledger, and the transaction that has committed it. */
export interface LedgerEntry extends CommittedMessage {
  readonly xid: string
}

/** What the database has committed, by its ledger. */
export async function readLedger(url: string): Promise<LedgerEntry[]> {
  const rows = await query(url, 'SELECT id, topic, key, version, digest, xid::text FROM ledger')
  return rows.map(({ id, topic, key, version, digest, xid }) => ({
    ...({ id, topic, key, xid } as Pick<LedgerEntry, 'id' | 'topic' | 'key' | 'xid'>),
    order: version as number,
    content: digest as string,
  }))
}

/** What handlers have left behind. */
export async function readEffects(url: string): Promise<Effect[]> {
  const rows = await query(url, 'SELECT id, key, number::text FROM effect')
  return rows.map(({ id, key, number }) => ({
    ...({ id, key } as Pick<Effect, 'id' | 'key'>),
    order: BigInt(number as string),
  }))
}

/** What an inbox has parked, which no fault is a reason for. */
export async function readParkedByInboxes(url: string): Promise<string[]> {
  const text = "SELECT topic, error_code, error FROM pigeonhole.parked_message WHERE side = 'inbox'"
  return (await query(url, text)).map(({ topic, error_code: code, error }) => `${topic}: ${code}: ${error}`)
}

/** What tells one payload from another. */
export function digestOf(payload: string | Uint8Array): string {
  return createHash('sha256').update(payload).digest('base64url')
}

async function query(url: string, text: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url })
  client.on('error', () => undefined)
  await client.connect()
  try {
    const { rows } = (await client.query(text)) as pg.QueryResult<Record<string, unknown>>
    return rows
  } finally {
    await client.end()
  }
}
