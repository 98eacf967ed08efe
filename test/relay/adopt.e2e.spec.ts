import {
  type AdoptionReport,
  adopt,
  createRelay,
  type ErrorCode,
  isPigeonholeError,
  type Relay,
} from '@pigeonhole/core'
import { kafkajsPublisher } from '@pigeonhole/kafkajs'
import { postgresStore } from '@pigeonhole/postgres'
import { nextEvent } from '@pigeonhole/testing'
import { Kafka, logLevel } from 'kafkajs'
import pg from 'pg'
import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest'
import { keepPublished } from './keep-published.js'
import { RelayLab } from './relay-lab.js'

const servers = { databaseUrl: inject('databaseUrl'), kafkaBrokers: inject('kafkaBrokers') }

describe('after pigeonhole adopt, a relay goes on without loss or duplicate', () => {
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
    const publisher = kafkajsPublisher(kafka)
    const relay = createRelay({ name, store: postgresStore(pool), publisher, batchRows: 10 })
    relays.push(relay)
    return relay
  }

  async function send(name = lab.name, writersCount = 4): Promise<void> {
    const relay = relayCalled(name)
    await relay.start()
    const writers = lab.startWriters(writersCount)
    await nextEvent(relay, 'batch:published', ({ rows }) => rows > 0)
    await nextEvent(relay, 'batch:published', ({ rows }) => rows > 0)
    await writers.stop()
    await relay.drain()
    await relay.stop()
  }

  async function retain(keep: boolean): Promise<void> {
    await pool.query(keepPublished(keep))
  }

  async function writeSome(): Promise<void> {
    const before = await committed()
    const writers = lab.startWriters(2)
    await expect.poll(committed, { timeout: 20_000 }).toBeGreaterThan(before + 15)
    await writers.stop()
  }

  async function committed(): Promise<number> {
    const { rows } = await pool.query('SELECT count(*)::int AS committed FROM ledger')
    return rows[0]?.committed
  }

  async function codeOfHalt(name: string): Promise<ErrorCode> {
    const relay = relayCalled(name)
    const halted = nextEvent(relay, 'shard:changed', ({ state }) => state === 'halted')
    await relay.start()
    const { error } = await halted
    await relay.stop()
    if (!isPigeonholeError(error)) throw error
    return error.code
  }

  async function adoptAs(name: string, keepCursor = false): Promise<AdoptionReport> {
    const { outcome, report } = await adopt({
      name,
      store: postgresStore(pool),
      publisher: kafkajsPublisher(kafka),
      confirm: () => true,
      keepCursor,
    })
    expect(outcome).toBe('adopted')
    return report
  }

  interface Divergence {
    readonly what: string
    readonly code: ErrorCode
    readonly sql?: string
    readonly loseTopic?: boolean
    readonly suffix?: string
    readonly keepCursor?: boolean
  }

  const otherSystem = "UPDATE pigeonhole.relay_identity SET system_identifier = '1'"
  const divergences: readonly Divergence[] = [
    { what: 'another relay name', code: 'RELAY_IDENTITY_CHANGED', suffix: '-renamed' },
    {
      what: 'another relay name, and the cursor is kept',
      code: 'RELAY_IDENTITY_CHANGED',
      suffix: '-renamed',
      keepCursor: true,
    },
    { what: 'another PostgreSQL system', code: 'RELAY_IDENTITY_CHANGED', sql: otherSystem },
    {
      what: 'another PostgreSQL system, and the cursor is kept',
      code: 'RELAY_IDENTITY_CHANGED',
      sql: otherSystem,
      keepCursor: true,
    },
    {
      what: 'another cluster of which the log is a copy',
      code: 'RELAY_IDENTITY_CHANGED',
      sql: "UPDATE pigeonhole.relay_identity SET cluster_id = 'another'",
    },
    {
      what: 'transactions that the server has not reached',
      code: 'RELAY_XID_AHEAD',
      sql: `UPDATE pigeonhole.relay_identity SET highest_xid = '99999999999';
            UPDATE pigeonhole.outbox_message SET xid = '99999999990' WHERE seq % 2 = 0`,
    },
    { what: 'a lost checkpoint topic', code: 'RELAY_CHECKPOINT_LOST', loseTopic: true },
    {
      what: 'a checkpoint that went back',
      code: 'RELAY_KAFKA_WENT_BACK',
      sql: 'UPDATE pigeonhole.relay_shard SET confirmed = confirmed + 5',
    },
    {
      what: 'an unknown last batch',
      code: 'RELAY_DATABASE_WENT_BACK',
      sql: 'DELETE FROM pigeonhole.relay_batch WHERE number = (SELECT confirmed FROM pigeonhole.relay_shard)',
    },
  ]

  it.each(divergences)('$what', async ({ code, sql, loseTopic, suffix = '', keepCursor }) => {
    if (!keepCursor) await retain(true)
    await send()
    const sent = await committed()
    await writeSome()
    if (sql) await pool.query(sql)
    if (loseTopic) await deleteCheckpointTopic()
    const name = `${lab.name}${suffix}`
    expect(await codeOfHalt(name)).toBe(code)
    if (!keepCursor) await retain(false)
    const { shards } = await adoptAs(name, keepCursor)
    expect(shards[0]?.divergence?.code).toBe(code)
    if (!keepCursor) {
      const unsent = (await committed()) - sent
      expect(shards[0]?.outbox).toMatchObject({ logged: sent })
      expect((shards[0]?.outbox?.absent ?? 0) + (shards[0]?.outbox?.beyondCursor ?? 0)).toBe(unsent)
      expect(await lab.leftInOutbox()).toBe(unsent)
    }
    await send(name, 2)
    expect(await lab.verdict()).toMatchObject({ passed: true, faults: 0 })
    expect(await lab.leftInOutbox()).toBe(0)
  })

  it('finds nothing to adopt where nothing is wrong, and a running relay goes on', async () => {
    await send()
    const relay = relayCalled(lab.name)
    await relay.start()
    const publisher = kafkajsPublisher(kafka)
    const store = postgresStore(pool)
    const adoption = await adopt({ name: lab.name, store, publisher, confirm: () => false })
    expect(adoption.outcome).toBe('agreed')
    await writeSome()
    await relay.drain()
    await relay.stop()
    expect(await lab.verdict()).toMatchObject({ passed: true, faults: 0 })
  })

  it('takes the outbox from a relay that runs, which halts', async () => {
    await send()
    await pool.query(otherSystem)
    const publisher = kafkajsPublisher(kafka)
    const store = postgresStore(pool)
    // A relay that opened before the identity changed would not look at it again.
    const relay = relayCalled(lab.name)
    const { outcome } = await adopt({
      name: lab.name,
      store,
      publisher,
      confirm: async () => {
        const halted = nextEvent(relay, 'shard:changed', ({ state }) => state === 'halted')
        await relay.start()
        await halted
        return true
      },
    })
    expect(outcome).toBe('adopted')
    await send()
    expect(await lab.verdict()).toMatchObject({ passed: true, faults: 0 })
  })

  async function deleteCheckpointTopic(): Promise<void> {
    const admin = kafka.admin()
    await admin.connect()
    const topic = `pigeonhole.relay.${lab.name}`
    await admin.deleteTopics({ topics: [topic] })
    await expect.poll(() => admin.listTopics()).not.toContain(topic)
    await admin.disconnect()
  }
})
