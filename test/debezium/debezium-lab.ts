import { randomBytes } from 'node:crypto'
import { createOutbox, createRelay, type RawMessage, type Relay } from '@pigeonhole/core'
import { kafkajsPublisher } from '@pigeonhole/kafkajs'
import { migrate, postgresStore } from '@pigeonhole/postgres'
import {
  type CommittedMessage,
  createTopics,
  type KafkaConnect,
  type LogRecord,
  type PostgresServer,
  readLog,
  startKafkaConnect,
  startPostgres,
} from '@pigeonhole/testing'
import { Kafka, logLevel } from 'kafkajs'
import pg from 'pg'
import { expect } from 'vitest'
import { blockOf, connectorSettings, headersTransform } from './connector-settings.js'

const connector = 'pigeonhole-outbox'

/** A PostgreSQL that decodes logically and a Kafka Connect of the spec's own, at the run's Kafka. */
export class DebeziumLab implements AsyncDisposable {
  readonly name: string = `debezium-${randomBytes(4).toString('hex')}`
  readonly topics: readonly string[] = [`${this.name}-a`, `${this.name}-b`]
  readonly pool: pg.Pool
  readonly committed: CommittedMessage[] = []
  readonly #brokers: readonly string[]
  readonly #postgres: PostgresServer
  readonly #connect: KafkaConnect
  readonly #relays: Relay[] = []

  private constructor(brokers: readonly string[], postgres: PostgresServer, connect: KafkaConnect) {
    this.#brokers = brokers
    this.#postgres = postgres
    this.#connect = connect
    this.pool = new pg.Pool({ connectionString: postgres.url })
    this.pool.on('error', () => undefined)
  }

  static async open(brokers: readonly string[]): Promise<DebeziumLab> {
    const group = `debezium-${randomBytes(4).toString('hex')}`
    const [postgres, connect] = await Promise.all([
      startPostgres({ sources: ['docker', 'embedded'], settings: { wal_level: 'logical' } }),
      startKafkaConnect({ brokers, group, transforms: [headersTransform] }),
    ])
    const lab = new DebeziumLab(brokers, postgres, connect)
    await migrate({ pool: lab.pool })
    await lab.pool.query(blockOf('sql', 'The connector'))
    const topics = lab.topics.map((topic) => ({ topic, numPartitions: 3 }))
    await createTopics(brokers, topics)
    return lab
  }

  get connect(): KafkaConnect {
    return this.#connect
  }

  /** Starts the connector, and resolves when it reads the write-ahead log. */
  async startConnector(): Promise<void> {
    await this.#connect.configure(connector, connectorSettings(this.#postgres.url))
    await expect
      .poll(() => this.pool.query('SELECT active FROM pg_replication_slots').then(({ rows }) => rows), {
        timeout: 90_000,
      })
      .toEqual([{ active: true }])
  }

  /** Removes the connector, and its slot once nobody reads from it. */
  async removeConnector(): Promise<void> {
    await this.#connect.remove(connector)
    const drop = 'SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE NOT active'
    await expect
      .poll(() => this.pool.query(drop).then(({ rowCount }) => rowCount), { timeout: 90_000 })
      .toBe(1)
  }

  async startRelay(): Promise<Relay> {
    const kafka = new Kafka({ brokers: [...this.#brokers], logLevel: logLevel.NOTHING })
    const relay = createRelay({
      name: this.name,
      store: postgresStore(this.pool),
      publisher: kafkajsPublisher(kafka),
    })
    this.#relays.push(relay)
    await relay.start()
    return relay
  }

  /** Publishes in one transaction. */
  async publish(messages: readonly RawMessage[]): Promise<void> {
    const client = await this.pool.connect()
    try {
      await client.query('BEGIN')
      await createOutbox({ store: postgresStore(this.pool) }).publishRaw(client, messages)
      const published = await client.query(
        `SELECT id::text AS id, topic, encode(key, 'escape') AS key, seq::int AS "order"
         FROM pigeonhole.outbox_message WHERE xid = pg_current_xact_id() ORDER BY seq`,
      )
      await client.query('COMMIT')
      this.committed.push(...published.rows)
    } finally {
      client.release()
    }
  }

  readLog(): Promise<LogRecord[]> {
    return readLog({ brokers: this.#brokers, topics: this.topics })
  }

  /** Resolves when the log has as many records as have been published, or more. */
  async caughtUp(): Promise<LogRecord[]> {
    const count = async (): Promise<number> => (await this.readLog()).length
    await expect.poll(count, { timeout: 120_000 }).toBeGreaterThanOrEqual(this.committed.length)
    return await this.readLog()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#relays.map((relay) => relay.stop({ signal: AbortSignal.timeout(0) })))
    await this.#connect.stop()
    await this.pool.end()
    await this.#postgres.stop()
  }
}
