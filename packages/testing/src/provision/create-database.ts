import { randomBytes } from 'node:crypto'
import pg from 'pg'

/** Options of {@link createDatabase}. */
export interface CreateDatabaseOptions {
  /** A superuser's connection to any database of the server. A {@link PostgresServer} fits. */
  readonly url: string
  /** Default: `pigeonhole_` and random letters. */
  readonly name?: string
  /** The database to copy, which nobody may be connected to meanwhile. Default: PostgreSQL's own empty one. */
  readonly template?: string
}

/** A database of one test's own. */
export interface TestDatabase extends AsyncDisposable {
  readonly name: string
  readonly url: string
  /** Drops it, ending the sessions that are still in it. A second call does nothing. */
  drop(): Promise<void>
}

/** Creates a database on a server, so that tests which share the server do not meet. */
export async function createDatabase(options: CreateDatabaseOptions): Promise<TestDatabase> {
  const name = options.name ?? `pigeonhole_${randomBytes(6).toString('hex')}`
  const template = options.template === undefined ? '' : ` TEMPLATE ${pg.escapeIdentifier(options.template)}`
  await execute(options.url, `CREATE DATABASE ${pg.escapeIdentifier(name)}${template}`)
  const url = new URL(options.url)
  url.pathname = `/${encodeURIComponent(name)}`
  const drop = () => execute(options.url, `DROP DATABASE IF EXISTS ${pg.escapeIdentifier(name)} WITH (FORCE)`)
  return { name, url: url.href, drop, [Symbol.asyncDispose]: drop }
}

async function execute(url: string, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  // A server that goes away meanwhile fails the statement, and must not end the test process.
  client.on('error', () => undefined)
  await client.connect()
  try {
    await client.query(statement)
  } finally {
    await client.end()
  }
}
