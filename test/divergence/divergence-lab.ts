import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { Adoption, ErrorCode } from '@pigeonhole/core'
import { migrate, postgresStore } from '@pigeonhole/postgres'
import {
  type CommittedMessage,
  checkExactlyOnce,
  createDatabase,
  createTopics,
  type ExactlyOnceVerdict,
  loggedMessage,
  readLog,
} from '@pigeonhole/testing'
import pg from 'pg'
import { expect } from 'vitest'
import { RunbookShell } from '../operations/runbook-shell.js'
import { keepPublished } from '../relay/keep-published.js'
import { RelayProcess } from '../relay/relay-process-handle.js'
import type { RelayProcessOptions } from '../relay/relay-process-protocol.js'
import { Writers, writerTables } from '../relay/writers.js'

const bin = fileURLToPath(new URL('../../packages/pigeonhole/dist/bin.js', import.meta.url))

/** Where a lab's outbox and log are. Both may be exchanged for others while the lab is used. */
export interface LabPlaces {
  /** A superuser's connection to any database of the server. */
  serverUrl: string
  brokers: readonly string[]
}

/** An outbox that is relayed, whose server or cluster something happens to, and a verdict on what became of its messages. */
export class DivergenceLab implements AsyncDisposable {
  readonly name = `divergence-${randomBytes(4).toString('hex')}`
  readonly topics: readonly string[] = [`${this.name}-a`, `${this.name}-b`]
  readonly places: LabPlaces
  readonly #database = this.name
  readonly #relays: RelayProcess[] = []
  readonly #writers: Writers[] = []
  readonly #shells: RunbookShell[] = []

  private constructor(places: LabPlaces) {
    this.places = places
  }

  static async open(places: LabPlaces): Promise<DivergenceLab> {
    const lab = new DivergenceLab({ ...places })
    await createDatabase({ url: places.serverUrl, name: lab.#database })
    await migrate({ connectionString: lab.databaseUrl })
    await lab.query(writerTables)
    return lab
  }

  get database(): string {
    return this.#database
  }

  get databaseUrl(): string {
    const url = new URL(this.places.serverUrl)
    url.pathname = `/${this.#database}`
    return url.href
  }

  async createTopics(): Promise<void> {
    await createTopics(
      this.places.brokers,
      this.topics.map((topic) => ({ topic, numPartitions: 3 })),
    )
  }

  startRelay(given: Partial<RelayProcessOptions> = {}): RelayProcess {
    const { brokers } = this.places
    const timing = { leaseMs: 1500, renewMs: 300, batchRows: 10 }
    const own = { name: this.name, databaseUrl: this.databaseUrl, brokers, ...timing }
    const relay = new RelayProcess({ ...own, ...given })
    this.#relays.push(relay)
    return relay
  }

  /** Commits some messages, and resolves when the writers have ended. */
  async write(messages = 20): Promise<void> {
    const before = await this.#count()
    const writers = new Writers(this.databaseUrl, this.topics).start(3)
    this.#writers.push(writers)
    await expect.poll(() => this.#count(), { timeout: 60_000 }).toBeGreaterThan(before + messages)
    await writers.stop()
  }

  /** Sends everything that is committed, with a relay of its own. */
  async send(name: string = this.name): Promise<void> {
    const relay = this.startRelay({ name })
    await relay.event('shard:changed', { state: 'publishing' })
    await relay.drain()
    await relay.stop()
  }

  /** Has the outbox keep what is published, as a retention would, or no longer. */
  async retain(keep: boolean): Promise<void> {
    await this.query(keepPublished(keep))
  }

  /** The error with which a new relay halts, as `CODE: message`. */
  async halt(name: string = this.name): Promise<string> {
    const relay = this.startRelay({ name })
    const error = await haltOf(relay)
    await relay.stop()
    return error
  }

  /** Runs `pigeonhole adopt --yes`. */
  async adopt(...args: readonly string[]): Promise<Adoption> {
    const { stdout } = await this.command('adopt', '--name', this.name, '--yes', '--json', ...args)
    return JSON.parse(stdout) as Adoption
  }

  /** Where the commands of docs/operations.md are run as they stand there, against what this lab has now. */
  async openShell(name: string = this.name): Promise<RunbookShell> {
    const { brokers } = this.places
    const shell = await RunbookShell.open({ name, databaseUrl: this.databaseUrl, brokers })
    this.#shells.push(shell)
    return shell
  }

  /** Does all that a section of docs/operations.md says. Resolves to what its last command prints. */
  async follow(title: string): Promise<string> {
    const walk = (await this.openShell()).section(title)
    return await walk.rest()
  }

  async command(...args: readonly string[]): Promise<{ readonly stdout: string; readonly stderr: string }> {
    const env = {
      PATH: process.env['PATH'] ?? '',
      DATABASE_URL: this.databaseUrl,
      KAFKA_BROKERS: this.places.brokers.join(','),
    }
    return await promisify(execFile)(process.execPath, [bin, ...args], { env })
  }

  /** What the database says is committed. */
  async committed(): Promise<CommittedMessage[]> {
    const { rows } = await this.query('SELECT id, topic, key, version AS "order" FROM ledger')
    return rows as CommittedMessage[]
  }

  /**
   * What the database has committed against the log. `before`: what it had committed before it lost transactions. What it
   * has lost may be in the log or not, but not twice.
   */
  async verdict(before: readonly CommittedMessage[] = []): Promise<ExactlyOnceVerdict> {
    const committed = await this.committed()
    const kept = new Set(committed.map(({ id }) => id))
    const lost = new Set(before.map(({ id }) => id).filter((id) => !kept.has(id)))
    const records = await readLog({ brokers: this.places.brokers, topics: this.topics })
    const logged = records.map((record) => loggedMessage(record))
    const lostInLog = logged.filter(({ id }) => lost.has(id)).map(({ id }) => id)
    expect(new Set(lostInLog).size).toBe(lostInLog.length)
    return checkExactlyOnce({ committed, log: logged.filter(({ id }) => !lost.has(id)) })
  }

  /** What the database has committed, but for `elsewhere`, against the log: the rest is in another cluster's. */
  async verdictWithout(elsewhere: readonly CommittedMessage[]): Promise<ExactlyOnceVerdict> {
    const ids = new Set(elsewhere.map(({ id }) => id))
    const committed = (await this.committed()).filter(({ id }) => !ids.has(id))
    const records = await readLog({ brokers: this.places.brokers, topics: this.topics })
    return checkExactlyOnce({ committed, log: records.map((record) => loggedMessage(record)) })
  }

  /** Messages of the outbox that no confirmed batch covers. */
  async leftInOutbox(): Promise<number> {
    const pool = new pg.Pool({ connectionString: this.databaseUrl, max: 1 })
    try {
      return (await postgresStore(pool).readStatus()).pending
    } finally {
      await pool.end()
    }
  }

  async query(text: string): Promise<pg.QueryResult> {
    const client = new pg.Client({ connectionString: this.databaseUrl })
    await client.connect()
    try {
      return await client.query(text)
    } finally {
      await client.end()
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.allSettled(this.#writers.map((writers) => writers.stop()))
    await Promise.all(this.#shells.map((shell) => shell[Symbol.asyncDispose]()))
    for (const relay of this.#relays) relay.signal('SIGKILL')
    await Promise.all(this.#relays.map((relay) => relay.exited))
  }

  async #count(): Promise<number> {
    const { rows } = await this.query('SELECT count(*)::int AS committed FROM ledger')
    return rows[0]?.committed
  }
}

/** The error with which a relay halts, as `CODE: message`. */
export async function haltOf(relay: RelayProcess): Promise<string> {
  const told = await relay.told(
    (message) =>
      message.type === 'event' && message.name === 'shard:changed' && message.data.state === 'halted',
  )
  return told.type === 'event' ? String(told.data.error) : ''
}

const explanations: Partial<Record<ErrorCode, RegExp>> = {
  RELAY_IDENTITY_CHANGED: /relayed with .* and now the .* If the original still runs, stop here/,
  RELAY_XID_AHEAD: /remembers transaction \d+, and this server has only reached \d+/,
  RELAY_CHECKPOINT_LOST: /has sent batches up to \d+, and Kafka has no checkpoint of any/,
  RELAY_KAFKA_WENT_BACK: /Kafka's checkpoint is batch \d+, and Kafka had acknowledged batch \d+/,
  RELAY_DATABASE_WENT_BACK: /Kafka has committed batch \d+, and the database does not know it/,
}

/** What a relay that has halted must say: its code, what has happened, and the command to run next. */
export function expectHalt(error: string, code: ErrorCode): void {
  expect(error).toMatch(new RegExp(`^${code}: `))
  expect(error).toMatch(explanations[code] ?? code)
  expect(error).toContain('pigeonhole adopt')
}

/** How many messages an adoption has found to be in the log, or never sent, by what it has printed. */
export function countOf(what: 'are in the log' | 'were never sent to this log', printed: string): number {
  return Number(new RegExp(`(\\d+)\\s+${what}`).exec(printed)?.[1] ?? 0)
}
