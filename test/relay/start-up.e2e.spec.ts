import {
  type Checkpoint,
  createRelay,
  type ErrorCode,
  isPigeonholeError,
  type PigeonholeError,
  type Relay,
} from '@pigeonhole/core'
import { kafkajsPublisher } from '@pigeonhole/kafkajs'
import { postgresStore } from '@pigeonhole/postgres'
import { nextEvent } from '@pigeonhole/testing'
import { Kafka, logLevel } from 'kafkajs'
import pg from 'pg'
import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest'
import { killedAt } from './attacks.js'
import { RelayLab } from './relay-lab.js'

const servers = { databaseUrl: inject('databaseUrl'), kafkaBrokers: inject('kafkaBrokers') }

describe('where database and Kafka disagree, a relay halts and says why', () => {
  let lab: RelayLab
  let pool: pg.Pool
  let kafka: Kafka
  const relays: Relay[] = []

  beforeEach(async () => {
    lab = await RelayLab.open(servers)
    pool = new pg.Pool({ connectionString: lab.databaseUrl })
    kafka = new Kafka({ brokers: [...servers.kafkaBrokers], logLevel: logLevel.NOTHING })
  })
  afterEach(async () => {
    for (const relay of relays.splice(0)) await relay.stop({ signal: AbortSignal.timeout(0) })
    await pool.end()
    await lab[Symbol.asyncDispose]()
  })

  function relayCalled(name: string): Relay {
    const relay = createRelay({
      name,
      store: postgresStore(pool),
      publisher: kafkajsPublisher(kafka),
      batchRows: 10,
    })
    relays.push(relay)
    return relay
  }

  /** Some batches are sent, and the relay is stopped in an orderly way. */
  async function sendSome(): Promise<void> {
    const relay = relayCalled(lab.name)
    await relay.start()
    const writers = lab.startWriters()
    await nextEvent(relay, 'batch:published', ({ batch }) => batch >= 3)
    await writers.stop()
    await relay.drain()
    await relay.stop()
  }

  async function haltOf(name: string): Promise<PigeonholeError> {
    const relay = relayCalled(name)
    const halted = nextEvent(relay, 'shard:changed', ({ state }) => state === 'halted')
    await relay.start()
    const { error } = await halted
    if (!isPigeonholeError(error)) throw error
    return error
  }

  async function messageCount(): Promise<number> {
    const { log } = await lab.verdict()
    return log.logged
  }

  interface Divergence {
    readonly what: string
    readonly code: ErrorCode
    readonly sql?: string
    readonly loseTopic?: boolean
    readonly name?: string
  }

  const divergences: readonly Divergence[] = [
    { what: 'the relay has another name', code: 'RELAY_IDENTITY_CHANGED', name: 'renamed' },
    {
      what: 'the cluster is another one',
      code: 'RELAY_IDENTITY_CHANGED',
      sql: "UPDATE pigeonhole.relay_identity SET cluster_id = 'another'",
    },
    {
      what: 'the database is of another PostgreSQL system',
      code: 'RELAY_IDENTITY_CHANGED',
      sql: "UPDATE pigeonhole.relay_identity SET system_identifier = '1'",
    },
    {
      what: 'the database remembers transactions that the server has not reached',
      code: 'RELAY_XID_AHEAD',
      sql: "UPDATE pigeonhole.relay_identity SET highest_xid = '99999999999'",
    },
    { what: 'the checkpoint topic is gone', code: 'RELAY_CHECKPOINT_LOST', loseTopic: true },
    {
      what: 'Kafka is behind what it had acknowledged',
      code: 'RELAY_KAFKA_WENT_BACK',
      sql: 'UPDATE pigeonhole.relay_shard SET confirmed = confirmed + 1',
    },
    {
      what: 'the database does not know the last batch of Kafka',
      code: 'RELAY_DATABASE_WENT_BACK',
      sql: 'DELETE FROM pigeonhole.relay_batch WHERE number = (SELECT confirmed FROM pigeonhole.relay_shard)',
    },
    {
      what: 'the last batch of Kafka has another token in the database',
      code: 'RELAY_DATABASE_WENT_BACK',
      sql: "UPDATE pigeonhole.relay_batch SET token = 'another'",
    },
  ]

  it.each(divergences)('$what: $code', async ({ code, sql, loseTopic, name }) => {
    await sendSome()
    if (sql) await pool.query(sql)
    if (loseTopic) await deleteCheckpointTopic()
    const before = await messageCount()
    const writers = lab.startWriters(1)
    const error = await haltOf(name ? `${lab.name}-${name}` : lab.name)
    await writers.stop()
    expect(error).toMatchObject({ code })
    expect(error.message).toContain('pigeonhole adopt')
    expect(await messageCount()).toBe(before)
    // The lease is free for whoever is right.
    await expect.poll(() => leaseHolder()).toBeNull()
  })

  it('Kafka is behind what an opening has found there, and nothing was written since: RELAY_KAFKA_WENT_BACK', async () => {
    const writers = lab.startWriters()
    await killedAt(
      lab.startRelay({ fault: { point: 'producer.commit:after', occurrence: 4, signal: 'SIGKILL' } }),
    )
    await writers.stop()
    const [older] = await batches()
    await killedAt(
      lab.startRelay({ fault: { point: 'store.guarded:after', occurrence: 1, signal: 'SIGKILL' } }),
    )
    const [found] = await batches()
    expect(Number(found?.number)).toBeGreaterThan(Number(older?.number))
    await leaveAsLastCheckpoint(older)
    expect(await haltOf(lab.name)).toMatchObject({
      code: 'RELAY_KAFKA_WENT_BACK',
      details: { checkpoint: older?.number, confirmed: found?.number },
    })
  })

  it('goes on where nothing is wrong', async () => {
    await sendSome()
    await sendSome()
    expect(await lab.verdict()).toMatchObject({ passed: true, faults: 0 })
  })

  /** What the database remembers, the oldest first. */
  async function batches(): Promise<readonly Checkpoint[]> {
    const { rows } = await pool.query('SELECT number::int, token FROM pigeonhole.relay_batch ORDER BY number')
    return rows as Checkpoint[]
  }

  /** Writes the record of an earlier batch once more: whoever reads the log then finds that one at its end. */
  async function leaveAsLastCheckpoint(checkpoint: Checkpoint | undefined): Promise<void> {
    const producer = kafka.producer()
    await producer.connect()
    await producer.send({
      topic: `pigeonhole.relay.${lab.name}`,
      messages: [{ key: 'checkpoint', value: JSON.stringify({ v: 1, ...checkpoint }), partition: 0 }],
    })
    await producer.disconnect()
  }

  async function deleteCheckpointTopic(): Promise<void> {
    const admin = kafka.admin()
    await admin.connect()
    const topic = `pigeonhole.relay.${lab.name}`
    await admin.deleteTopics({ topics: [topic] })
    await expect.poll(() => admin.listTopics()).not.toContain(topic)
    await admin.disconnect()
  }

  async function leaseHolder(): Promise<unknown> {
    const { rows } = await pool.query('SELECT lease_holder FROM pigeonhole.relay_shard')
    return rows[0]?.lease_holder
  }
})
