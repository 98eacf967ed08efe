import { randomBytes } from 'node:crypto'
import { createOutbox, type RawMessage } from '@pigeonhole/core'
import { migrate, postgresStore, renderMigrations } from '@pigeonhole/postgres'
import { createDatabase, createTopics, readLog, type TestDatabase } from '@pigeonhole/testing'
import { Kafka, logLevel } from 'kafkajs'
import pg from 'pg'
import { inject } from 'vitest'
import { setTopic } from '../relay/set-topic.js'
import { RunbookShell } from './runbook-shell.js'
import { WorkerProcess } from './worker-process.js'

/** How a lab is opened. */
export interface RunbookLabOptions {
  /** Default: the run's own. */
  readonly brokers?: readonly string[]
  /** Default: the latest. */
  readonly schemaVersion?: number
  /** Settings of its topic. */
  readonly topicSettings?: Readonly<Record<string, string>>
}

/** A message of a producer that is not ours. */
export interface SentMessage {
  readonly key: string
  readonly value: string
  readonly id?: string
}

/** A service whose operator has a page to go by: database, topic and relay name of one test's own. */
export class RunbookLab implements AsyncDisposable {
  readonly name: string
  readonly topic: string
  readonly brokers: readonly string[]
  readonly database: TestDatabase
  readonly pool: pg.Pool
  readonly kafka: Kafka
  readonly shell: RunbookShell
  readonly #workers: WorkerProcess[] = []

  private constructor(name: string, brokers: readonly string[], database: TestDatabase, shell: RunbookShell) {
    this.name = name
    this.topic = `${name}-orders`
    this.brokers = brokers
    this.database = database
    this.shell = shell
    this.pool = new pg.Pool({ connectionString: database.url, max: 4 })
    // An operator ends sessions.
    this.pool.on('error', () => undefined)
    this.kafka = new Kafka({ brokers: [...brokers], logLevel: logLevel.NOTHING })
  }

  static async open({
    brokers = inject('kafkaBrokers'),
    schemaVersion,
    topicSettings = {},
  }: RunbookLabOptions = {}): Promise<RunbookLab> {
    const name = `runbook-${randomBytes(4).toString('hex')}`
    const database = await createDatabase({ url: inject('databaseUrl') })
    const shell = await RunbookShell.open({ name, databaseUrl: database.url, brokers })
    const lab = new RunbookLab(name, brokers, database, shell)
    if (schemaVersion === undefined) await migrate({ pool: lab.pool })
    else for (const { sql } of (await renderMigrations()).slice(0, schemaVersion)) await lab.pool.query(sql)
    await lab.pool.query('CREATE TABLE effect (id bigint GENERATED ALWAYS AS IDENTITY, value text)')
    const configEntries = Object.entries(topicSettings).map(([key, value]) => ({ name: key, value }))
    await createTopics(brokers, [{ topic: lab.topic, numPartitions: 1, configEntries }])
    return lab
  }

  /** A worker with the settings of the operator's folder. */
  startWorker(): WorkerProcess {
    const worker = new WorkerProcess({}, this.shell.folder)
    this.#workers.push(worker)
    return worker
  }

  /** Commits messages to the outbox, in one transaction. */
  async publish(...messages: readonly Omit<RawMessage, 'topic'>[]): Promise<void> {
    const client = await this.pool.connect()
    try {
      await client.query('BEGIN')
      const outbox = createOutbox({ store: postgresStore(this.pool) })
      await outbox.publishRaw(
        client,
        messages.map((message) => ({ topic: this.topic, ...message })),
      )
      await client.query('COMMIT')
    } finally {
      client.release()
    }
  }

  /** The values in the log of a topic. */
  async values(topic = this.topic): Promise<string[]> {
    const records = await readLog({ brokers: this.brokers, topics: [topic] })
    return records.map(({ value }) => (value === null ? 'tombstone' : Buffer.from(value).toString('utf8')))
  }

  /** How many messages are parked. */
  async parked(): Promise<number> {
    return (await this.pool.query('SELECT FROM pigeonhole.parked_message')).rowCount ?? 0
  }

  /** What handlers have written, in order. */
  async effects(): Promise<string[]> {
    const { rows } = await this.pool.query<{ value: string }>('SELECT value FROM effect ORDER BY id')
    return rows.map(({ value }) => value)
  }

  async setTopic(name: string, value: string): Promise<void> {
    const admin = this.kafka.admin()
    await admin.connect()
    await setTopic(admin, { topic: this.topic, name, value })
    await admin.disconnect()
  }

  /** Sends messages past the outbox. */
  send(...messages: readonly SentMessage[]): Promise<void> {
    return this.sendTo(this.kafka, this.topic, ...messages)
  }

  /** The same, to another cluster or topic. */
  async sendTo(kafka: Kafka, topic: string, ...messages: readonly SentMessage[]): Promise<void> {
    const producer = kafka.producer({ allowAutoTopicCreation: false })
    await producer.connect()
    await producer.send({
      topic,
      messages: messages.map(({ id, ...message }) => ({
        ...message,
        ...(id && { headers: { 'message-id': id } }),
      })),
    })
    await producer.disconnect()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.kill()))
    await this.pool.end()
    await this.shell[Symbol.asyncDispose]()
    await this.database.drop()
  }
}

/** The first column of the first row of a table that a command has printed. */
export function firstIdOf(printed: string): string {
  const [, row = ''] = printed.split('\n')
  return row.split(/\s+/)[0] ?? ''
}
