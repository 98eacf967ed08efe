import type { Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { createOutbox, type Outbox, topic } from '@pigeonhole/core'
import { postgresStore } from '@pigeonhole/postgres'
import type { CommittedMessage } from '@pigeonhole/testing'
import pg from 'pg'

/** The ledger holds what is committed, in the order per key that the key's own row gives. */
export const chaosTables = `
  CREATE TABLE aggregate (key text PRIMARY KEY, version int NOT NULL);
  CREATE TABLE ledger (id text PRIMARY KEY, topic text NOT NULL, key text NOT NULL, version int NOT NULL);
  INSERT INTO aggregate SELECT 'key-' || i, 0 FROM generate_series(0, 19) i;`

/** What writers have seen of their transactions. */
export interface WriterTally {
  /** Ids of the messages whose COMMIT was acknowledged. A crash may take some of them back. */
  readonly acknowledged: readonly string[]
  readonly rolledBack: number
  /** Transactions that ended in an error: committed or not, nobody was told. */
  readonly uncertain: number
}

interface WriterEvent {
  readonly key: string
  readonly version: number
}

// Not durable, and bounded: a connection that is half-open must not hold its rows' locks for ever.
const begin = `
  BEGIN;
  SET LOCAL synchronous_commit = off;
  SET LOCAL statement_timeout = 3000;
  SET LOCAL idle_in_transaction_session_timeout = 3000`

/** Transactions that publish, through every fault: most commit, some roll back, some stay open for a while. */
export class ChaosWriters {
  readonly #url: string
  readonly #topics: readonly string[]
  readonly #outbox: Outbox<pg.ClientBase>
  readonly #stopped: AbortController = new AbortController()
  readonly #acknowledged: string[] = []
  readonly #running: Promise<void>[]
  #rolledBack = 0
  #uncertain = 0

  constructor(url: string, topics: readonly string[], count: number) {
    this.#url = url
    this.#topics = topics
    // The outbox needs a pool only to wake a relay of its own process.
    this.#outbox = createOutbox({ store: postgresStore(new pg.Pool({ connectionString: url })) })
    this.#running = Array.from({ length: count }, (_, writer) => this.#write(writer))
  }

  async stop(): Promise<WriterTally> {
    this.#stopped.abort()
    await Promise.all(this.#running)
    return { acknowledged: this.#acknowledged, rolledBack: this.#rolledBack, uncertain: this.#uncertain }
  }

  async #write(writer: number): Promise<void> {
    let client: pg.Client | undefined
    for (let i = writer; !this.#stopped.signal.aborted; i += 7) {
      try {
        client ??= await this.#connect()
        await this.#transaction(client, i)
      } catch {
        this.#uncertain += 1
        abandon(client)
        client = undefined
        await delay(100)
      }
    }
    abandon(client)
  }

  async #connect(): Promise<pg.Client> {
    const client = new pg.Client({
      connectionString: this.#url,
      connectionTimeoutMillis: 2_000,
      query_timeout: 4_000,
    })
    client.on('error', () => undefined)
    try {
      await client.connect()
    } catch (error) {
      abandon(client)
      throw error
    }
    return client
  }

  async #transaction(client: pg.Client, i: number): Promise<void> {
    await client.query(begin)
    const id = await this.#change(client, i)
    // A transaction that stays open commits behind rows with a higher seq.
    await client.query('SELECT pg_sleep($1)', [i % 11 === 0 ? 0.1 : 0.01])
    if (i % 5 === 0) {
      await client.query('ROLLBACK')
      this.#rolledBack += 1
    } else {
      await client.query('COMMIT')
      this.#acknowledged.push(id)
    }
  }

  async #change(client: pg.Client, i: number): Promise<string> {
    const key = `key-${i % 20}`
    const name = this.#topics[i % this.#topics.length] as string
    const locked = await client.query<{ version: number }>(
      'UPDATE aggregate SET version = version + 1 WHERE key = $1 RETURNING version',
      [key],
    )
    const version = locked.rows[0]?.version as number
    const target = topic<WriterEvent>(name, { key: (event) => event.key })
    const id = await this.#outbox.publish(client, target, { key, version })
    await client.query('INSERT INTO ledger VALUES ($1, $2, $3, $4)', [id, name, key, version])
    return id
  }
}

// Not `end`, which waits for a server that may never answer.
function abandon(client: pg.Client | undefined): void {
  const { connection } = (client ?? {}) as { connection?: { stream: Socket } }
  connection?.stream.destroy()
}

/** What the database has committed, by its ledger. */
export async function readLedger(url: string): Promise<CommittedMessage[]> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    const { rows } = await client.query<{ id: string; topic: string; key: string; version: number }>(
      'SELECT id, topic, key, version FROM ledger',
    )
    return rows.map(({ version, ...message }) => ({ ...message, order: version }))
  } finally {
    await client.end()
  }
}
