import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { Agent, request as httpRequest, type IncomingMessage } from 'node:http'
import { createRelay, type Relay } from '@pigeonhole/core'
import { kafkajsPublisher } from '@pigeonhole/kafkajs'
import { migrate, postgresStore } from '@pigeonhole/postgres'
import { createDatabase, createTopics, readLog, type TestDatabase } from '@pigeonhole/testing'
import { Kafka, logLevel } from 'kafkajs'
import pg from 'pg'
import { inject } from 'vitest'
import { programPath } from '../setup/program-path.js'
import type { OrderBody, OrderProcessOptions } from './order-points.js'

const program = programPath('idempotency/order-process')

/** A request as a caller sends it. */
export interface Asked extends OrderBody {
  /** Default: the id. */
  readonly key?: string
  readonly tenant?: string
  readonly path?: '/orders' | '/refunds'
  /** Gives up waiting for the answer. */
  readonly signal?: AbortSignal
}

/** What a caller is told. */
export interface Told {
  readonly status: number
  readonly replayed: boolean
  /** The attempt whose answer it is. */
  readonly attempt: string | undefined
}

/** What there is of an order. */
export interface Effects {
  /** The attempts that placed it, by what is committed in PostgreSQL. */
  readonly attempts: readonly string[]
  /** Its events, as a `read_committed` consumer finds them behind a relay. */
  readonly events: number
}

/** A process of the order service. */
export class OrderServer {
  readonly #child: ChildProcess
  readonly #url: string
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 250 })
  /** Resolves to what ended the process. */
  readonly exited: Promise<NodeJS.Signals | null>

  constructor(child: ChildProcess, port: string) {
    this.#child = child
    this.#url = `http://127.0.0.1:${port}`
    this.exited = once(child, 'exit').then(([, signal]) => signal as NodeJS.Signals | null)
  }

  /** Asks once. Rejects where the connection breaks. */
  async ask({ key, tenant = '', path = '/orders', signal, ...body }: Asked): Promise<Told> {
    const headers = {
      'content-type': 'application/json',
      'idempotency-key': key ?? body.id,
      'x-tenant': tenant,
    }
    const request = httpRequest(this.#url + path, {
      method: 'POST',
      headers,
      agent: this.#agent,
      ...(signal ? { signal } : {}),
    })
    request.end(JSON.stringify(body))
    const [response] = (await once(request, 'response')) as [IncomingMessage]
    const chunks: Buffer[] = []
    for await (const chunk of response) chunks.push(chunk as Buffer)
    const { attempt } = JSON.parse(String(Buffer.concat(chunks)) || '{}') as { attempt?: string }
    const { statusCode = 0, headers: answered } = response
    return { status: statusCode, replayed: answered['idempotency-replayed'] === 'true', attempt }
  }

  /** Asks for as long as an earlier attempt has not ended, or nobody knows what became of it, as a caller does. */
  async askUntilKnown(asked: Asked): Promise<Told> {
    for (;;) {
      const told = await this.ask(asked)
      if (told.status !== 409 && told.status !== 503) return told
    }
  }

  /** Has it forget what has expired. */
  async forget(): Promise<void> {
    await fetch(`${this.#url}/forget`, { method: 'POST' })
  }

  async kill(): Promise<void> {
    this.#agent.destroy()
    this.#child.kill('SIGKILL')
    await this.exited
  }
}

/** An order service under attack: its database, its processes, and a relay to a topic of its own. */
export class AttackLab implements AsyncDisposable {
  readonly pool: pg.Pool
  readonly databaseUrl: string
  readonly topic: string
  readonly #database: TestDatabase
  readonly #relay: Relay
  readonly #servers: OrderServer[] = []

  private constructor(database: TestDatabase, topic: string) {
    this.#database = database
    this.databaseUrl = database.url
    this.topic = topic
    this.pool = new pg.Pool({ connectionString: database.url, max: 8, connectionTimeoutMillis: 20_000 })
    this.pool.on('error', () => undefined)
    const kafka = new Kafka({ brokers: [...inject('kafkaBrokers')], logLevel: logLevel.NOTHING })
    const publisher = kafkajsPublisher(kafka)
    this.#relay = createRelay({ name: topic, store: postgresStore(this.pool), publisher })
  }

  static async open(): Promise<AttackLab> {
    const database = await createDatabase({ url: inject('databaseUrl') })
    await migrate({ connectionString: database.url })
    const topic = `attack-${randomBytes(4).toString('hex')}`
    await createTopics(inject('kafkaBrokers'), [{ topic, numPartitions: 2 }])
    const lab = new AttackLab(database, topic)
    await lab.pool.query(
      'CREATE TABLE placed (id text NOT NULL, tenant text NOT NULL, path text NOT NULL, attempt text NOT NULL)',
    )
    await lab.pool.query('CREATE TABLE stock (id int PRIMARY KEY); INSERT INTO stock VALUES (1)')
    await lab.#relay.start()
    return lab
  }

  /** Starts a process of the service. */
  async start(options: Partial<OrderProcessOptions> = {}): Promise<OrderServer> {
    const settings: OrderProcessOptions = { databaseUrl: this.databaseUrl, topic: this.topic, ...options }
    const child = spawn(process.execPath, [program, JSON.stringify(settings)], {
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    const [port] = (await once(child.stdout, 'data')) as [Buffer]
    const server = new OrderServer(child, String(port).trim())
    this.#servers.push(server)
    return server
  }

  /** What there is of an order, everywhere. */
  async effectsOf(id: string): Promise<Effects> {
    return (await this.effects()).get(id) ?? { attempts: [], events: 0 }
  }

  /** What there is of each order. */
  async effects(): Promise<ReadonlyMap<string, Effects>> {
    await this.#relay.drain()
    const { rows } = await this.pool.query<{ id: string; attempt: string }>('SELECT id, attempt FROM placed')
    const records = await readLog({ brokers: inject('kafkaBrokers'), topics: [this.topic] })
    const effects = new Map<string, { attempts: string[]; events: number }>()
    const of = (id: string) => {
      const known = effects.get(id) ?? { attempts: [], events: 0 }
      effects.set(id, known)
      return known
    }
    for (const { id, attempt } of rows) of(id).attempts.push(attempt)
    for (const { key } of records) of(String(Buffer.from(key ?? []))).events += 1
    return effects
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#servers.map((server) => server.kill()))
    await this.#relay.stop({ signal: AbortSignal.timeout(0) })
    await this.pool.end()
    await this.#database.drop()
  }
}
