import type { Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { createOutbox, type Outbox } from '@pigeonhole/core'
import { postgresStore } from '@pigeonhole/postgres'
import pg from 'pg'
import { digestOf } from './chaos-database.js'

/** A message whose COMMIT was acknowledged, and its transaction. */
export interface Acknowledged {
  readonly id: string
  readonly xid: string
}

/** What writers have seen of their transactions. */
export interface WriterTally {
  /** A crash may take some of them back. */
  readonly acknowledged: readonly Acknowledged[]
  readonly rolledBack: number
  /** Transactions that ended in an error: committed or not, nobody was told. */
  readonly uncertain: number
}

// Not durable, and bounded: a connection that is half-open must not hold its rows' locks for ever.
const begin = `
  BEGIN;
  SET LOCAL synchronous_commit = off;
  SET LOCAL statement_timeout = 3000;
  SET LOCAL idle_in_transaction_session_timeout = 3000`

/** Bytes of the messages that a topic refuses while its limit is lowered. */
const largeBytes = 24_000

/** Transactions that publish, through every fault: most commit, some roll back, some stay open for a while. */
export class ChaosWriters {
  readonly #url: string
  readonly #topics: readonly string[]
  readonly #outbox: Outbox<pg.ClientBase>
  readonly #stopped: AbortController = new AbortController()
  readonly #acknowledged: Acknowledged[] = []
  readonly #running: Promise<void>[]
  #rolledBack = 0
  #uncertain = 0
  #hurrying = false

  /** `topics` may grow. */
  constructor(url: string, topics: readonly string[], count: number) {
    this.#url = url
    this.#topics = topics
    // The outbox needs a pool only to wake a relay of its own process.
    this.#outbox = createOutbox({ store: postgresStore(new pg.Pool({ connectionString: url })) })
    this.#running = Array.from({ length: count }, (_, writer) => this.#write(writer))
  }

  /** Transactions whose COMMIT was acknowledged. */
  get commits(): number {
    return this.#acknowledged.length
  }

  /** Whether transactions follow each other without a pause. */
  hurry(now: boolean): void {
    this.#hurrying = now
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
    const written = await this.#change(client, i)
    // A transaction that stays open commits behind rows with a higher seq.
    if (!this.#hurrying) await client.query('SELECT pg_sleep($1)', [i % 11 === 0 ? 0.1 : 0.01])
    if (i % 5 === 0) {
      await client.query('ROLLBACK')
      this.#rolledBack += 1
    } else {
      await client.query('COMMIT')
      this.#acknowledged.push(written)
    }
  }

  async #change(client: pg.Client, i: number): Promise<Acknowledged> {
    const key = `key-${i % 20}`
    const topic = this.#topics[i % this.#topics.length] as string
    const locked = await client.query<{ version: number }>(
      'UPDATE aggregate SET version = version + 1 WHERE key = $1 RETURNING version',
      [key],
    )
    const version = locked.rows[0]?.version as number
    const padding = i % 61 === 0 ? 'x'.repeat(largeBytes) : ''
    const value = JSON.stringify({ key, version, padding })
    const [id] = await this.#outbox.publishRaw(client, [{ topic, key, value }])
    const inserted = await client.query<{ xid: string }>(
      'INSERT INTO ledger VALUES ($1, $2, $3, $4, $5) RETURNING xid::text',
      [id, topic, key, version, digestOf(value)],
    )
    return { id: id as string, xid: inserted.rows[0]?.xid as string }
  }
}

// Not `end`, which waits for a server that may never answer.
function abandon(client: pg.Client | undefined): void {
  const { connection } = (client ?? {}) as { connection?: { stream: Socket } }
  connection?.stream.destroy()
}
