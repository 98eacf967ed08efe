import { bucketCount, bucketOf, createOutbox, type Outbox, topic } from '@pigeonhole/core'
import { postgresStore } from '@pigeonhole/postgres'
import pg from 'pg'

/** The tables of the writers: what they have committed, in the order per key that the key's own row gives. */
export const writerTables = `
  CREATE TABLE aggregate (key text PRIMARY KEY, version int NOT NULL);
  CREATE TABLE ledger (id text PRIMARY KEY, topic text NOT NULL, key text NOT NULL, version int NOT NULL);
  INSERT INTO aggregate SELECT 'key-' || i, 0 FROM generate_series(0, 19) i;`

/**
 * Whether each of up to four shards gets some of what writers commit to these topics: they have few keys, of which every fifth
 * is always rolled back, and the topics' names decide where they fall.
 */
export function reachAllShards(topics: readonly string[]): boolean {
  const committed = Array.from({ length: 20 }, (_, i) => i).filter((i) => i % 5 !== 0)
  const buckets = committed.map((i) =>
    bucketOf(topics[i % topics.length] as string, Buffer.from(`key-${i}`), ''),
  )
  return [2, 3, 4].every(
    (shards) => new Set(buckets.map((bucket) => Math.floor((bucket * shards) / bucketCount))).size === shards,
  )
}

interface WriterEvent {
  readonly key: string
  readonly version: number
}

/** Transactions that publish: most commit, some roll back, some stay open for a while. */
export class Writers {
  readonly #pool: pg.Pool
  readonly #outbox: Outbox<pg.ClientBase>
  readonly #topics: readonly string[]
  readonly #running: Promise<void>[] = []
  readonly #waiting = new Set<() => void>()
  #committed = 0
  #stopped = false
  #failure: unknown

  constructor(databaseUrl: string, topics: readonly string[]) {
    this.#pool = new pg.Pool({ connectionString: databaseUrl, max: 8 })
    this.#outbox = createOutbox({ store: postgresStore(this.#pool) })
    this.#topics = topics
  }

  start(count: number): this {
    for (let i = 0; i < count; i++) {
      this.#running.push(
        this.#write(i).catch((error: unknown) => {
          this.#failure = error
          this.#notify()
        }),
      )
    }
    return this
  }

  /** Resolves when they have committed so many messages, or cannot. */
  async committed(messages: number): Promise<void> {
    while (this.#committed < messages && !this.#failure && !this.#stopped)
      await new Promise<void>((resolve) => this.#waiting.add(resolve))
  }

  async stop(): Promise<void> {
    this.#stopped = true
    await Promise.all(this.#running)
    this.#notify()
    await this.#pool.end()
    if (this.#failure) throw this.#failure
  }

  async #write(writer: number): Promise<void> {
    for (let i = writer; !this.#stopped; i += 7) {
      const client = await this.#pool.connect()
      try {
        await client.query('BEGIN')
        await this.#change(client, i)
        // A transaction that stays open commits behind rows with a higher seq. What is at work beside them needs the cores.
        await client.query('SELECT pg_sleep($1)', [i % 11 === 0 ? 0.15 : 0.05])
        await client.query(i % 5 === 0 ? 'ROLLBACK' : 'COMMIT')
        if (i % 5 !== 0) this.#committed += 1
        this.#notify()
      } finally {
        client.release()
      }
    }
  }

  #notify(): void {
    for (const resolve of this.#waiting) resolve()
    this.#waiting.clear()
  }

  async #change(client: pg.PoolClient, i: number): Promise<void> {
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
  }
}
