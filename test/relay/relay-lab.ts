import { randomBytes } from 'node:crypto'
import { migrate, postgresStore } from '@pigeonhole/postgres'
import {
  checkExactlyOnce,
  createDatabase,
  createTopics,
  type ExactlyOnceVerdict,
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

/** How a relay of the lab is started. */
export interface RelayLabOptions {
  readonly fault?: Fault
  readonly batchRows?: number
  /** Shards of a new outbox. */
  readonly shards?: number
  /** What an operator does. */
  readonly operation?: 'retryParked' | 'discardParked'
}

/** A database, topics and a relay name of one test's own, and everything that runs against them. */
export class RelayLab implements AsyncDisposable {
  readonly name: string
  readonly topics: readonly string[]
  readonly #servers: LabServers
  readonly #database: TestDatabase
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

  /** `absent` topics, the last ones, are left for the test to create. */
  static async open(servers: LabServers, absent = 0): Promise<RelayLab> {
    const database = await createDatabase({ url: servers.databaseUrl })
    await migrate({ connectionString: database.url })
    const lab = new RelayLab(servers, database)
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
    return this.#start('relay-process', options)
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

  #start(program: Program, options: RelayLabOptions): RelayProcess {
    const settings = {
      name: this.name,
      databaseUrl: this.#database.url,
      brokers: this.#servers.kafkaBrokers,
      leaseMs: 1500,
      renewMs: 300,
      batchRows: options.batchRows ?? 20,
      ...(options.fault ? { fault: options.fault } : {}),
      ...(options.shards ? { shards: options.shards } : {}),
      ...(options.operation ? { operation: options.operation } : {}),
    }
    const relay = new RelayProcess(settings, program)
    this.#relays.push(relay)
    return relay
  }

  startWriters(count = 4): Writers {
    const writers = new Writers(this.#database.url, this.topics).start(count)
    this.#writers.push(writers)
    return writers
  }

  /** What the database has committed against what a `read_committed` consumer finds. */
  async verdict(): Promise<ExactlyOnceVerdict> {
    const { rows } = await this.#query('SELECT id, topic, key, version FROM ledger')
    const committed = rows.map(({ id, topic, key, version }) => ({
      id,
      topic,
      key,
      order: version as number,
    }))
    const records = await readLog({ brokers: this.#servers.kafkaBrokers, topics: this.topics })
    return checkExactlyOnce({ committed, log: records.map((record) => loggedMessage(record)) })
  }

  /** Resolves when each of the first `shards` shards has confirmed a batch that was not there at the call. */
  async published(shards: number): Promise<void> {
    const before = await this.#confirmed()
    await expect
      .poll(async () => (await this.#confirmed()).slice(0, shards).every((n, i) => n > (before[i] ?? 0)), {
        timeout: 30_000,
      })
      .toBe(true)
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
    await this.#database.drop()
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
