import { createHash } from 'node:crypto'
import { createOutbox, createRelay, type RawMessage, type Relay } from '@pigeonhole/core'
import { kafkajsPublisher } from '@pigeonhole/kafkajs'
import { migrate, postgresStore } from '@pigeonhole/postgres'
import { createDatabase, createTopics, nextEvent, readLog, type TestDatabase } from '@pigeonhole/testing'
import { type Admin, Kafka, logLevel } from 'kafkajs'
import pg from 'pg'
import { afterEach, beforeEach, describe, expect, inject, it, vi } from 'vitest'
import { setTopic } from './set-topic.js'

const brokers = inject('kafkaBrokers')
let runs = 0

describe('what the broker does not take', () => {
  let database: TestDatabase
  let pool: pg.Pool
  let admin: Admin
  let relay: Relay
  let topic: string

  beforeEach(async () => {
    database = await createDatabase({ url: inject('databaseUrl') })
    await migrate({ connectionString: database.url })
    pool = new pg.Pool({ connectionString: database.url })
    admin = kafka().admin()
    await admin.connect()
    topic = `refusals-${process.pid}-${++runs}`
    relay = newRelay()
  })
  afterEach(async () => {
    await relay.stop({ signal: AbortSignal.timeout(0) })
    await admin.disconnect()
    await pool.end()
    await database.drop()
  })

  function kafka(): Kafka {
    return new Kafka({ brokers, logLevel: logLevel.NOTHING })
  }

  function newRelay(): Relay {
    return createRelay({
      name: `refusals-${process.pid}-${runs}`,
      store: postgresStore(pool),
      publisher: kafkajsPublisher(kafka()),
      backoff: { initialMs: 50, maxMs: 200 },
    })
  }

  function publish(values: readonly string[], { to = topic, key }: Target = {}): Promise<void> {
    return publishRaw(values.map((value, i) => ({ topic: to, key: key ?? `key-${i}`, value })))
  }

  async function publishRaw(messages: readonly RawMessage[]): Promise<void> {
    const outbox = createOutbox({ store: postgresStore(pool), maxMessageBytes: 2_000_000 })
    const client = await pool.connect()
    await client.query('BEGIN')
    await outbox.publishRaw(client, messages)
    await client.query('COMMIT')
    client.release()
  }

  async function sentValues(from = topic): Promise<string[]> {
    const records = await readLog({ brokers, topics: [from] })
    return records.map(({ value }) => String(value).slice(0, 3))
  }

  function limitMessages(bytes: string): Promise<void> {
    return setTopic(admin, { topic, name: 'max.message.bytes', value: bytes })
  }

  async function leftInOutbox(): Promise<number> {
    return (await postgresStore(pool).readStatus()).pending
  }

  it('a record: its key is parked with what follows, all others are sent, and a retry sends them in order', async () => {
    const configEntries = [{ name: 'max.message.bytes', value: '2000' }]
    await createTopics(brokers, [{ topic, numPartitions: 1, configEntries }])
    await publish(['v-0', 'v-1', 'v-2', `v-3${'x'.repeat(3_000)}`, 'v-4', 'v-5'])
    await publish(['f-0', 'f-1'], { key: 'key-3' })
    const parked = nextEvent(relay, 'record:parked')
    await relay.start()
    const { keyHash, error } = await parked
    expect(createHash('sha256').update('key-3').digest('hex').startsWith(keyHash)).toBe(true)
    expect(error).toMatchObject({ code: 'RECORD_REFUSED', details: { topic, keyHash } })
    await relay.drain()
    expect(await sentValues()).toEqual(['v-0', 'v-1', 'v-2', 'v-4', 'v-5'])
    await publish(['f-2'], { key: 'key-3' })
    await relay.drain()
    const store = postgresStore(pool)
    expect(await store.listParking()).toMatchObject([{ kind: 'key', topic, messages: 4, attempts: 1 }])
    await expect.poll(leftInOutbox, { timeout: 30_000 }).toBe(0)

    await limitMessages('1000000')
    const released = nextEvent(relay, 'messages:released')
    await store.retryParked({})
    expect(await released).toMatchObject({ rows: 4 })
    expect((await sentValues()).slice(5)).toEqual(['v-3', 'f-0', 'f-1', 'f-2'])
    expect(await store.listParking()).toEqual([])
    await publish(['f-3'], { key: 'key-3' })
    await relay.drain()
    expect((await sentValues()).slice(9)).toEqual(['f-3'])
  })

  it('a record that is refused again stays parked, and can be discarded', async () => {
    const configEntries = [{ name: 'max.message.bytes', value: '2000' }]
    await createTopics(brokers, [{ topic, numPartitions: 1, configEntries }])
    await publish([`v-0${'x'.repeat(3_000)}`, 'v-1'], { key: 'key' })
    await relay.start()
    await relay.drain()
    const store = postgresStore(pool)
    const again = nextEvent(relay, 'record:parked')
    await store.retryParked({})
    await again
    const [group] = await store.listParking()
    expect(group).toMatchObject({ messages: 2, attempts: 2, retryAt: null })
    expect(await store.discardParked({ ids: [group?.id ?? ''] })).toEqual({
      messages: 1,
      unblocked: 0,
      inFlight: 0,
      behind: [{ topic, key: Buffer.from('key'), messages: 1, retryAt: null }],
    })
    const released = nextEvent(relay, 'messages:released')
    await store.retryParked({})
    await released
    expect(await sentValues()).toEqual(['v-1'])
  })

  interface Refused {
    readonly what: string
    readonly configEntries?: { readonly name: string; readonly value: string }[]
    readonly message: Omit<RawMessage, 'topic'>
    readonly reason: string
    readonly followers: number
  }

  const refused: readonly Refused[] = [
    {
      what: 'larger than the broker takes',
      message: { key: 'key-1', value: Buffer.alloc(1_100_000, 'x') },
      reason: 'MESSAGE_TOO_LARGE',
      followers: 2,
    },
    {
      what: 'for a partition that its topic does not have',
      message: { key: 'key-1', value: 'x', partition: 7 },
      reason: 'partition 7 does not exist',
      followers: 2,
    },
    {
      what: 'without a key on a compacted topic',
      configEntries: [{ name: 'cleanup.policy', value: 'compact' }],
      message: { value: 'x' },
      reason: 'INVALID_RECORD',
      followers: 0,
    },
  ]

  it.each(refused)(
    'a record $what: it is parked with what follows on its key, and no other',
    async (fault) => {
      const { configEntries = [], message, reason, followers } = fault
      await createTopics(brokers, [{ topic, numPartitions: 1, configEntries }])
      await publish(['b-0', 'b-1', 'b-2'])
      await publishRaw([{ topic, ...message }])
      await publish(['f-0', 'f-1', 'f-2', 'f-3'])
      await publish(['l-0'], { key: 'key-1' })
      const parked = nextEvent(relay, 'record:parked')
      await relay.start()
      expect((await parked).error).toMatchObject({ code: 'RECORD_REFUSED', details: { topic } })
      await relay.drain()
      const others = ['b-0', 'b-1', 'b-2', 'f-0', 'f-1', 'f-2', 'f-3', 'l-0']
      const held = followers > 0 ? ['f-1', 'l-0'] : []
      expect(await sentValues()).toEqual(others.filter((value) => !held.includes(value)))
      const [group, ...more] = await postgresStore(pool).listParking()
      expect(more).toEqual([])
      expect(group).toMatchObject({ messages: 1 + followers, error: expect.stringContaining(reason) })
      await postgresStore(pool).discardParked({ ids: [group?.id ?? ''] })
      if (followers === 0) return
      const released = nextEvent(relay, 'messages:released')
      await postgresStore(pool).retryParked({})
      await released
      expect((await sentValues()).slice(-2)).toEqual(held)
    },
  )

  it.each([
    ['for a topic that cannot be', 'no topic', '[]', 'no topic of Kafka can have that name'],
    ['for a topic without a name', '', '[]', 'no topic of Kafka can have that name'],
    [
      'with headers that are none',
      undefined,
      '[["a", null]]',
      'its headers are not as publishing stores them',
    ],
  ])('a row by hand %s: it is parked, and all others are sent', async (_, to = topic, headers, reason) => {
    await createTopics(brokers, [{ topic, numPartitions: 1 }])
    await publish(['b-0', 'b-1'])
    await pool.query(
      `INSERT INTO pigeonhole.outbox_message (bucket, id, topic, key, headers, payload)
      VALUES (0, gen_random_uuid(), $1, 'by hand', $2, 'x')`,
      [to, headers],
    )
    await publish(['f-0', 'f-1'])
    const parked = nextEvent(relay, 'record:parked')
    await relay.start()
    expect((await parked).error).toMatchObject({ code: 'RECORD_REFUSED', details: { topic: to, reason } })
    await relay.drain()
    expect(await sentValues()).toEqual(['b-0', 'b-1', 'f-0', 'f-1'])
    expect(await postgresStore(pool).listParking()).toMatchObject([{ kind: 'key', topic: to, messages: 1 }])
  })

  it('a time that is too far ahead: nothing is parked for the clock of a relay, and all is sent once it is right', async () => {
    // The checkpoint topic takes an hour, the brokers' default.
    const configEntries = [{ name: 'message.timestamp.after.max.ms', value: '60000' }]
    await createTopics(brokers, [{ topic, numPartitions: 1, configEntries }])
    await publish(['v-0', 'v-1'])
    const now = Date.now.bind(Date)
    const clock = vi.spyOn(Date, 'now').mockImplementation(() => now() + 600_000)
    try {
      const refused = nextEvent(relay, 'shard:reopening')
      await relay.start()
      const { error } = await refused
      expect(error).toMatchObject({ code: 'BROKER_UNAVAILABLE' })
      expect(String(error)).toContain('timestamp')
    } finally {
      clock.mockRestore()
    }
    await relay.drain()
    expect(await sentValues()).toEqual(['v-0', 'v-1'])
    expect(await postgresStore(pool).listParking()).toEqual([])
  })

  it('a topic that is missing: it is paused, others flow, and it goes on in order once it is there', async () => {
    const other = `${topic}-other`
    await createTopics(brokers, [{ topic: other, numPartitions: 1 }])
    const paused = nextEvent(relay, 'topic:paused')
    await publish(['v-0', 'v-1'], { key: 'key' })
    await publish(['o-0'], { to: other })
    await relay.start()
    expect(await paused).toMatchObject({ topic, error: { code: 'TOPIC_MISSING' } })
    await relay.drain()
    expect(await sentValues(other)).toEqual(['o-0'])
    await publish(['v-2'], { key: 'key' })
    await relay.drain()
    expect((await relay.status()).outbox).toMatchObject({
      pending: 0,
      parking: { keys: 0, messages: 3, pausedTopics: [{ topic, errorCode: 'TOPIC_MISSING' }] },
    })
    const resumed = nextEvent(relay, 'topic:resumed')
    await createTopics(brokers, [{ topic, numPartitions: 1 }])
    expect(await resumed).toMatchObject({ topic })
    await publish(['v-3'], { key: 'key' })
    await relay.drain()
    expect(await sentValues()).toEqual(['v-0', 'v-1', 'v-2', 'v-3'])
  })
})

interface Target {
  readonly to?: string
  /** Default: each message has its own. */
  readonly key?: string
}
