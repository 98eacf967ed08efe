import { randomBytes } from 'node:crypto'
import { createInbox, createOutbox, type Inbox, textCodec, topic } from '@pigeonhole/core'
import { type InboxRun, on, runInbox } from '@pigeonhole/kafkajs'
import { migrate, postgresStore } from '@pigeonhole/postgres'
import { createDatabase, createTopics, type TestDatabase } from '@pigeonhole/testing'
import { Kafka, logLevel } from 'kafkajs'
import pg from 'pg'
import { measureInboxRun } from 'pigeonhole/metrics'
import { Registry } from 'prom-client'
import { expect } from 'vitest'
import { runPigeonhole } from '../doctor/doctor-run.js'
import { type PageTrouble, WorkerProcess } from './worker-process.js'

/**
 * What is promised, in milliseconds: within 15 s readiness, metrics, exit code and log tell of a server that is gone. The rest is for a
 * machine that is full of other work: two processors' worth of it made them 16 s of 11.
 */
export const tellingMs = 15_000 + 10_000
/** No promise: brokers and servers take their time to come back, and one that answers nothing is given ten seconds, two or three times. */
const recoveringMs = 120_000

/** Where the parts of a service find their servers. */
export interface ServicePlaces {
  /** A superuser's connection, past whatever is broken. */
  readonly serverUrl: string
  readonly brokers: readonly string[]
  /** The ways of each part to the database of that name. Default: `serverUrl`. */
  readonly leaderUrl?: (database: string) => string
  readonly standbyUrl?: (database: string) => string
  readonly consumerUrl?: (database: string) => string
}

/** What the parts are expected to say. Each that is given is waited for, for {@link tellingMs} at most. */
export interface Telling {
  /** Codes, as `/readyz` answers them with 503. */
  readonly leader?: string
  readonly standby?: string
  /** The reason of the run's readiness. */
  readonly consumer?: string
  /** How `pigeonhole status` ends. */
  readonly status?: number
  /** What all of them have in their words, such as the topic that is denied. */
  readonly naming?: string
}

/** A service as it runs: one worker that leads, one that stands by, and a consumer, each with its defaults. */
export class WatchedService implements AsyncDisposable {
  readonly name = `watched-${randomBytes(4).toString('hex')}`
  readonly topic = `${this.name}-orders`
  readonly register = new Registry()
  readonly admin: pg.Pool
  leader!: WorkerProcess
  standby!: WorkerProcess
  run!: InboxRun
  readonly #places: ServicePlaces
  readonly #database: TestDatabase
  readonly #consumers: pg.Pool
  readonly #inbox: Inbox<pg.ClientBase>
  #sent = 0
  #started: Promise<void> | undefined

  private constructor(places: ServicePlaces, database: TestDatabase) {
    this.#places = places
    this.#database = database
    this.admin = quietPool(database.url)
    this.#consumers = quietPool(this.#urlOf('consumerUrl'))
    this.#inbox = createInbox({ store: postgresStore(this.#consumers), name: 'billing' })
  }

  static async open(places: ServicePlaces): Promise<WatchedService> {
    const database = await createDatabase({ url: places.serverUrl })
    await migrate({ connectionString: database.url })
    const service = new WatchedService(places, database)
    await service.admin.query(
      'CREATE TABLE effect (value text PRIMARY KEY, id bigint GENERATED ALWAYS AS IDENTITY)',
    )
    await createTopics(places.brokers, [{ topic: service.topic, numPartitions: 2 }])
    return service
  }

  get database(): string {
    return this.#database.name
  }

  /** Starts every part, once, and resolves when all is well. */
  start(): Promise<void> {
    this.#started ??= this.#start()
    return this.#started
  }

  async #start(): Promise<void> {
    this.leader = this.#startWorker(this.#urlOf('leaderUrl'))
    await this.leader.line({ state: 'publishing' })
    this.standby = this.#startWorker(this.#urlOf('standbyUrl'))
    await this.standby.line({ state: 'standby' })
    // As docs/operations.md advises.
    const kafka = new Kafka({
      brokers: [...this.#places.brokers],
      requestTimeout: 10_000,
      logLevel: logLevel.NOTHING,
    })
    const orders = topic<string>(this.topic, { codec: textCodec })
    this.run = await runInbox(kafka.consumer({ groupId: this.name }), this.#inbox, {
      handlers: [
        on<pg.ClientBase, string>(orders, async ({ message: { value }, tx }) => {
          await tx.query('INSERT INTO effect (value) VALUES ($1)', [value])
        }),
      ],
    })
    measureInboxRun(this.#inbox, this.run, { register: this.register })
    await this.isWell()
  }

  /** Commits a message to the outbox, by default with a key of its own. Resolves to its value. */
  async publish(key?: string): Promise<string> {
    return this.publishTo(this.topic, key)
  }

  /** The same, to another topic. */
  async publishTo(topic: string, key?: string): Promise<string> {
    this.#sent += 1
    const value = `message ${this.#sent}`
    const client = await this.admin.connect()
    try {
      await client.query('BEGIN')
      const outbox = createOutbox({ store: postgresStore(this.admin) })
      await outbox.publishRaw(client, [{ topic, key: key ?? value, value }])
      await client.query('COMMIT')
      return value
    } finally {
      client.release()
    }
  }

  /** Everything says so by itself: a message takes effect once, and every part is ready. */
  async isWell(): Promise<void> {
    const published = await this.publish()
    await this.isHandled(published)
    await soon(() => this.#readiness(), recoveringMs).toEqual({
      workers: [200, 200],
      pages: [null, null],
      consumer: true,
      metric: 1,
    })
    await this.#statusSoon(recoveringMs).toBe(0)
    await this.#exchange()
  }

  async isHandled(value: string): Promise<void> {
    const effects = async (): Promise<number> =>
      (await this.admin.query('SELECT FROM effect WHERE value = $1', [value])).rowCount ?? 0
    await soon(() => effects().catch(() => 0), recoveringMs).toBe(1)
  }

  /** What was handled of some messages, in that order. */
  async effects(of: readonly string[]): Promise<string[]> {
    const { rows } = await this.admin.query<{ value: string }>(
      'SELECT value FROM effect WHERE value = ANY ($1) ORDER BY id',
      [of],
    )
    return rows.map(({ value }) => value)
  }

  /** Each part says what has happened, in time, also in its log and its metrics. */
  async tells({ leader, standby, consumer, status, naming }: Telling): Promise<void> {
    await Promise.all([
      leader && saysWhy(this.leader, leader, naming),
      standby && saysWhy(this.standby, standby, naming),
      consumer && soon(() => this.run.readiness, tellingMs).toMatchObject(unready(consumer, naming)),
      consumer && soon(() => this.#consumerMetric(), tellingMs).toBe(0),
      status !== undefined && this.#statusSoon(tellingMs).toBe(status),
    ])
  }

  // Each is a process: without a pause they would keep a core busy, which the others need.
  #statusSoon(timeout: number): ReturnType<typeof expect.poll<Promise<number>>> {
    return expect.poll(() => this.status(), { timeout, interval: 1_000 })
  }

  /** How `pigeonhole status` ends. */
  async status(): Promise<number> {
    return (await runPigeonhole(['status'], { DATABASE_URL: this.#urlOf('leaderUrl') })).code
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.run?.stop({ signal: AbortSignal.timeout(5_000) })
    await Promise.all([this.leader?.kill(), this.standby?.kill()])
    await this.#consumers.end()
    await this.admin.end()
    await this.#database.drop()
  }

  // Each begins with the same worker at work, whoever has taken over meanwhile.
  async #exchange(): Promise<void> {
    const [state] = (await this.leader.readiness()).states
    if (state === 'publishing') return
    await this.standby.stop()
    await soon(() => this.leader.readiness(), recoveringMs).toMatchObject({ states: ['publishing'] })
    this.standby = this.#startWorker(this.#urlOf('standbyUrl'))
    await this.standby.line({ state: 'standby' })
  }

  async #readiness(): Promise<object> {
    const workers = await Promise.all([this.leader.readiness(), this.standby.readiness()])
    const pages = await Promise.all([this.leader.page(), this.standby.page()])
    const { ready: consumer } = this.run.readiness
    return {
      workers: workers.map(({ status }) => status),
      pages: pages.map(({ failure }) => failure),
      consumer,
      metric: await this.#consumerMetric(),
    }
  }

  async #consumerMetric(): Promise<number> {
    const text = await this.register.metrics()
    return Number(/^pigeonhole_inbox_ready\{inbox="billing"\} (\d)$/m.exec(text)?.[1])
  }

  #startWorker(url: string): WorkerProcess {
    return new WorkerProcess({
      DATABASE_URL: url,
      KAFKA_BROKERS: this.#places.brokers.join(','),
      PIGEONHOLE_NAME: this.name,
    })
  }

  #urlOf(part: 'leaderUrl' | 'standbyUrl' | 'consumerUrl'): string {
    return this.#places[part]?.(this.database) ?? this.#database.url
  }
}

/** Expects of what `read` returns, as soon as it does so. */
export function soon<T>(read: () => T, timeout: number): ReturnType<typeof expect.poll<T>> {
  return expect.poll(read, { timeout, interval: 100 })
}

async function saysWhy(worker: WorkerProcess, reason: string, naming = ''): Promise<void> {
  const after = worker.lines.length
  const since = Date.now()
  const error = expect.stringContaining(naming)
  await Promise.all([
    soon(() => errorsOfPage(worker, since), tellingMs).toContainEqual({ code: reason, message: error }),
    soon(() => worker.readiness(), tellingMs).toMatchObject({ status: 503, reason, message: error }),
    soon(() => worker.metric('pigeonhole_relay_state{shard="0",state="publishing"}'), tellingMs).toBe(0),
    soon(() => worker.metric('pigeonhole_relay_state{shard="0",state="standby"}'), tellingMs).toBe(0),
    worker.line({ level: 'warn', code: reason, error }, { after, timeout: tellingMs }),
  ])
}

async function errorsOfPage(worker: WorkerProcess, since: number): Promise<readonly PageTrouble[]> {
  const { shards, failure } = await worker.page()
  const errors = shards.flatMap(({ lastError }) => (lastError && lastError.at >= since ? [lastError] : []))
  return [...errors, ...(failure ? [failure] : [])].map(({ code, message }) => ({ code, message }))
}

function unready(reason: string, naming = ''): object {
  return { ready: false, reason, message: expect.stringContaining(naming) }
}

function quietPool(connectionString: string): pg.Pool {
  const pool = new pg.Pool({ connectionString, max: 5 })
  // The connections that break are what is tested.
  pool.on('error', () => undefined)
  return pool
}
