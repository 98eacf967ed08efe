import { randomBytes } from 'node:crypto'
import { migrate, postgresStore, renderMigrations } from '@pigeonhole/postgres'
import {
  type CommittedMessage,
  checkExactlyOnce,
  createDatabase,
  createTopics,
  type ExactlyOnceVerdict,
  type LoggedMessage,
  loggedMessage,
  readLog,
  type TestDatabase,
} from '@pigeonhole/testing'
import pg from 'pg'
import { expect } from 'vitest'
import { type Program, RelayProcess } from './relay-process-handle.js'
import type { Fault } from './relay-process-protocol.js'
import { reachAllShards, Writers, writerTables } from './writers.js'

/** The servers of the run. */
export interface LabServers {
  readonly databaseUrl: string
  readonly kafkaBrokers: readonly string[]
}

/** What a lab begins with. */
export interface LabStart {
  /** Topics, the last ones, that are left for the test to create. */
  readonly absent?: number
  /** The version of the tables. Default: the latest. */
  readonly schemaVersion?: number
}

/** How a relay of the lab is started. */
export interface RelayLabOptions {
  /** Another build's. */
  readonly program?: URL
  readonly fault?: Fault
  readonly batchRows?: number
  /** Shards of a new outbox. */
  readonly shards?: number
  /** Default: those of the lab. */
  readonly brokers?: readonly string[]
  /** What an operator does. */
  readonly operation?: 'retryParked' | 'discardParked'
}

/** How an adoption of the lab is run. */
export interface AdoptionRun {
  readonly fault?: Fault
  readonly keepCursor?: boolean
}

/** A database, topics and a relay name of one test's own, and everything that runs against them. */
export class RelayLab implements AsyncDisposable {
  name: string
  readonly topics: readonly string[]
  readonly #servers: LabServers
  #database: TestDatabase
  /** What the database was before it went back. */
  readonly #former: TestDatabase[] = []
  readonly #relays: RelayProcess[] = []
  readonly #writers: Writers[] = []

  private constructor(servers: LabServers, database: TestDatabase) {
    this.#servers = servers
    this.#database = database
    do {
      this.name = `lab-${randomBytes(4).toString('hex')}`
      this.topics = [`${this.name}-a`, `${this.name}-b`]
    } while (!reachAllShards(this.topics))
  }

  static async open(servers: LabServers, { absent = 0, schemaVersion }: LabStart = {}): Promise<RelayLab> {
    const database = await createDatabase({ url: servers.databaseUrl })
    const lab = new RelayLab(servers, database)
    if (schemaVersion === undefined) await migrate({ connectionString: database.url })
    else for (const { sql } of (await renderMigrations()).slice(0, schemaVersion)) await lab.#query(sql)
    await lab.#query(writerTables)
    await createTopics(
      servers.kafkaBrokers,
      lab.topics.slice(0, lab.topics.length - absent).map((topic) => ({ topic, numPartitions: 3 })),
    )
    return lab
  }

  get databaseUrl(): string {
    return this.#database.url
  }

  /** Starts a relay in a process of its own, with a short lease. */
  startRelay(options: RelayLabOptions = {}): RelayProcess {
    return this.#start(options.program ?? 'relay-process', options)
  }

  /**
   * Divides the outbox anew, in a process of its own; again where a relay came between, as an operator would: on a busy machine
   * it may miss the short lease.
   */
  async reshard(shards: number): Promise<void> {
    for (;;) {
      const resharding = this.startReshard(shards)
      const { code } = await resharding.exited
      if (code === 0) return
      if (!resharding.history().includes('RESHARD_INTERRUPTED')) throw new Error(resharding.history())
    }
  }

  /** Begins to divide the outbox anew, in a process of its own. */
  startReshard(shards: number, fault?: Fault): RelayProcess {
    return this.#start('reshard-process', { shards, ...(fault ? { fault } : {}) })
  }

  /** Begins what an operator does with everything that is parked, in a process of its own. */
  startOperator(operation: 'retryParked' | 'discardParked', fault?: Fault): RelayProcess {
    return this.#start('operator-process', { operation, ...(fault ? { fault } : {}) })
  }

  /** Begins to adopt the outbox, in a process of its own. Whoever could be asked has said yes. */
  startAdopt({ fault, keepCursor = false }: AdoptionRun = {}): RelayProcess {
    return this.#start('adopt-process', { keepCursor, ...(fault ? { fault } : {}) })
  }

  /** Adopts the outbox. Resolves to the outcome. */
  async adopt(run: AdoptionRun = {}): Promise<string> {
    const adopting = this.startAdopt(run)
    const told = await adopting.told((message) => message.type === 'adopted')
    expect(await adopting.exited).toEqual({ code: 0, signal: null })
    return told.type === 'adopted' ? told.outcome : ''
  }

  /**
   * Has the database go back to now after `work`, as when a backup is restored: `work` goes on with the original. Nobody may be
   * connected to it when this is called.
   */
  async goBackAfter(work: () => Promise<void>): Promise<void> {
    const url = this.#servers.databaseUrl
    const backup = await createDatabase({ url, template: this.#database.name })
    await work()
    this.#former.push(this.#database)
    this.#database = backup
  }

  /** Commits some messages, and resolves when the writers have ended. */
  async write(messages = 15): Promise<void> {
    const before = (await this.committed()).length
    const writers = this.startWriters(3)
    const count = async (): Promise<number> => (await this.committed()).length
    await expect.poll(count, { timeout: 30_000 }).toBeGreaterThan(before + messages)
    await writers.stop()
  }

  /** Sends everything that is committed, with a relay of its own. */
  async send(options: RelayLabOptions = {}): Promise<void> {
    const relay = this.startRelay(options)
    await relay.event('shard:changed', { state: 'publishing' })
    await relay.drain()
    expect(await relay.stop()).toEqual({ code: 0, signal: null })
  }

  #start(program: Program | URL, options: RelayLabOptions & { readonly keepCursor?: boolean }): RelayProcess {
    const settings = {
      name: this.name,
      databaseUrl: this.#database.url,
      brokers: options.brokers ?? this.#servers.kafkaBrokers,
      leaseMs: 1500,
      renewMs: 300,
      batchRows: options.batchRows ?? 20,
      ...(options.fault ? { fault: options.fault } : {}),
      ...(options.shards ? { shards: options.shards } : {}),
      ...(options.operation ? { operation: options.operation } : {}),
      ...(options.keepCursor === undefined ? {} : { keepCursor: options.keepCursor }),
    }
    const relay = new RelayProcess(settings, program)
    this.#relays.push(relay)
    return relay
  }

  /** Starts writers, of another build if one is given. */
  startWriters(count = 4, Build: typeof Writers = Writers): Writers {
    const writers = new Build(this.#database.url, this.topics).start(count)
    this.#writers.push(writers)
    return writers
  }

  /** What the database has committed against what a `read_committed` consumer finds. */
  async verdict(): Promise<ExactlyOnceVerdict> {
    return checkExactlyOnce({ committed: await this.committed(), log: await this.logged() })
  }

  /** What the database says is committed. */
  async committed(): Promise<CommittedMessage[]> {
    const { rows } = await this.#query('SELECT id, topic, key, version AS "order" FROM ledger')
    return rows as CommittedMessage[]
  }

  /** What a `read_committed` consumer finds. */
  async logged(): Promise<LoggedMessage[]> {
    const records = await readLog({ brokers: this.#servers.kafkaBrokers, topics: this.topics })
    return records.map((record) => loggedMessage(record))
  }

  /** The ids of the messages of the outbox that no confirmed batch covers, in their order. */
  async idsInOutbox(): Promise<string[]> {
    const { rows } = await this.#query(`
      SELECT id FROM pigeonhole.outbox_message AS message
      LEFT JOIN pigeonhole.relay_shard AS owner ON message.bucket BETWEEN first_bucket AND last_bucket
      LEFT JOIN pigeonhole.relay_batch AS batch ON batch.shard = owner.shard AND batch.number = owner.confirmed
      WHERE (pg_visible_in_snapshot(message.xid, cursor_from)
        OR seq <= last_seq AND pg_visible_in_snapshot(message.xid, cursor_until)) IS NOT TRUE
      ORDER BY seq`)
    return rows.map(({ id }) => id as string)
  }

  /** Resolves when each of the first `shards` shards has confirmed a batch that was not there at the call. */
  async published(shards: number): Promise<void> {
    const before = await this.#confirmed()
    const risen = async (): Promise<boolean> => {
      const now = (await this.#confirmed()).slice(0, shards)
      // A new outbox has no shards yet.
      return now.length === shards && now.every((number, i) => number > (before[i] ?? 0))
    }
    await expect.poll(risen, { timeout: 30_000 }).toBe(true)
  }

  /** How many shards each process holds that holds any, the most first, and nothing of those that nobody holds. */
  async loads(): Promise<number[]> {
    const { rows } = await this.#query(
      `SELECT count(*)::int AS held FROM pigeonhole.relay_shard
       WHERE first_bucket IS NOT NULL AND lease_holder IS NOT NULL GROUP BY lease_holder ORDER BY 1 DESC`,
    )
    return rows.map(({ held }) => held as number)
  }

  /** Ends every lease, as if it had run out. */
  async endLeases(): Promise<void> {
    await this.#query(
      'UPDATE pigeonhole.relay_shard SET lease_holder = NULL, lease_token = NULL, renewal = renewal + 1 WHERE lease_holder IS NOT NULL',
    )
  }

  /** Resolves when processes hold as many shards as `loads` says, the most first. */
  async balanced(loads: readonly number[]): Promise<void> {
    await expect.poll(() => this.loads(), { timeout: 30_000 }).toEqual(loads)
  }

  /** Resolves when each lease has been renewed for some time since the call: long enough for several looks at the map. */
  async renewed(times = 8): Promise<void> {
    const before = await this.#renewals()
    const risen = async (): Promise<boolean> =>
      (await this.#renewals()).every((renewal, i) => renewal >= (before[i] ?? 0) + times)
    await expect.poll(risen, { timeout: 30_000 }).toBe(true)
  }

  async #renewals(): Promise<number[]> {
    const { rows } = await this.#query('SELECT renewal::int FROM pigeonhole.relay_shard ORDER BY shard')
    return rows.map(({ renewal }) => renewal as number)
  }

  async #confirmed(): Promise<number[]> {
    const { rows } = await this.#query('SELECT confirmed::int FROM pigeonhole.relay_shard ORDER BY shard')
    return rows.map(({ confirmed }) => confirmed as number)
  }

  /** Messages of the outbox that no confirmed batch covers. */
  async leftInOutbox(): Promise<number> {
    const pool = new pg.Pool({ connectionString: this.#database.url, max: 1 })
    try {
      return (await postgresStore(pool).readStatus()).pending
    } finally {
      await pool.end()
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.allSettled(this.#writers.map((writers) => writers.stop()))
    for (const relay of this.#relays) relay.signal('SIGKILL')
    await Promise.all(this.#relays.map((relay) => relay.exited))
    for (const database of [this.#database, ...this.#former]) await database.drop()
  }

  /** Takes back whose outbox it is, as a failover does to a standby that has everything before that. */
  async loseIdentity(): Promise<void> {
    await this.#query('DELETE FROM pigeonhole.relay_identity')
  }

  async hasIdentity(): Promise<boolean> {
    return (await this.#query('SELECT FROM pigeonhole.relay_identity')).rowCount === 1
  }

  async #query(text: string): Promise<pg.QueryResult> {
    const client = new pg.Client({ connectionString: this.#database.url })
    await client.connect()
    try {
      return await client.query(text)
    } finally {
      await client.end()
    }
  }
}
