import { randomBytes } from 'node:crypto'
import { createOutbox, topic } from '@pigeonhole/core'
import { migrate, postgresStore } from '@pigeonhole/postgres'
import { createDatabase, createTopics, readLog, type TestDatabase } from '@pigeonhole/testing'
import pg from 'pg'
import { inject } from 'vitest'
import { CommandProcess } from './command-process.harness.js'

/** What `/readyz` or `/healthz` answered. */
export interface HealthAnswer {
  readonly status: number
  readonly body: Readonly<Record<string, unknown>>
}

/** A worker and its health endpoints. */
export class Worker extends CommandProcess {
  async health(path: '/healthz' | '/readyz'): Promise<HealthAnswer> {
    const { health } = await this.line({ message: 'relay starts' })
    const answer = await fetch(`${health}${path}`)
    return { status: answer.status, body: (await answer.json()) as HealthAnswer['body'] }
  }
}

/** A database, a topic and a relay's name of one test's own. */
export class WorkerLab implements AsyncDisposable {
  readonly name = `worker-${randomBytes(4).toString('hex')}`
  readonly topic = `${this.name}-orders`
  readonly database: TestDatabase
  readonly pool: pg.Pool
  readonly #outbox

  private constructor(database: TestDatabase) {
    this.database = database
    this.pool = new pg.Pool({ connectionString: database.url, max: 2 })
    this.#outbox = createOutbox({ store: postgresStore(this.pool) })
  }

  /** @param options.tables Whether the tables are there. Default true. */
  static async open({ tables = true }: { readonly tables?: boolean } = {}): Promise<WorkerLab> {
    const database = await createDatabase({ url: inject('databaseUrl') })
    const lab = new WorkerLab(database)
    if (tables) await migrate({ pool: lab.pool })
    return lab
  }

  /** Starts a worker on this lab's database, with the run's Kafka and any free port unless `over` says otherwise. */
  startWorker(over: Readonly<Record<string, string>> = {}, args: readonly string[] = []): Worker {
    return new Worker(['relay', '--name', this.name, '--port', '0', ...args], {
      DATABASE_URL: this.database.url,
      KAFKA_BROKERS: inject('kafkaBrokers').join(','),
      ...over,
    })
  }

  async createTopic(): Promise<void> {
    await createTopics(inject('kafkaBrokers'), [{ topic: this.topic, numPartitions: 2 }])
  }

  /** Publishes each value in a transaction of its own. */
  async publish(...values: readonly string[]): Promise<void> {
    const orders = topic<string>(this.topic, { key: (value) => value })
    const client = await this.pool.connect()
    try {
      for (const value of values) {
        await client.query('BEGIN')
        await this.#outbox.publish(client, orders, value)
        await client.query('COMMIT')
      }
    } finally {
      client.release()
    }
  }

  /** The values in the log, as a `read_committed` consumer finds them. */
  async readLog(): Promise<unknown[]> {
    const records = await readLog({ brokers: inject('kafkaBrokers'), topics: [this.topic] })
    return records.map(({ value }) => JSON.parse(Buffer.from(value ?? []).toString('utf8')))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.pool.end()
    await this.database.drop()
  }
}
