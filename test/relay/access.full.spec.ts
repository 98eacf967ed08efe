import { randomUUID } from 'node:crypto'
import { createOutbox, createRelay, type Relay } from '@pigeonhole/core'
import { kafkajsPublisher } from '@pigeonhole/kafkajs'
import { migrate, postgresStore } from '@pigeonhole/postgres'
import { createDatabase, createTopics, nextEvent, readLog, type TestDatabase } from '@pigeonhole/testing'
import { AclOperationTypes } from 'kafkajs'
import pg from 'pg'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, inject, it } from 'vitest'
import { AclCluster } from '../kafkajs/acl-cluster.js'

let cluster: AclCluster

beforeAll(async () => {
  cluster = await AclCluster.start()
}, 120_000)

afterAll(() => cluster[Symbol.asyncDispose]())

describe('a topic that the relay is not allowed', () => {
  let database: TestDatabase
  let pool: pg.Pool
  let relay: Relay
  let denied: string
  let open: string

  beforeEach(async () => {
    database = await createDatabase({ url: inject('databaseUrl') })
    await migrate({ connectionString: database.url })
    pool = new pg.Pool({ connectionString: database.url })
    denied = `denied-${randomUUID()}`
    open = `open-${randomUUID()}`
    await createTopics(
      cluster.brokers,
      [denied, open].map((topic) => ({ topic, numPartitions: 1 })),
    )
    relay = createRelay({
      name: `access-${randomUUID()}`,
      store: postgresStore(pool),
      publisher: kafkajsPublisher(cluster.kafka),
      backoff: { initialMs: 50, maxMs: 200 },
    })
  })
  afterEach(async () => {
    await relay.stop({ signal: AbortSignal.timeout(0) })
    await pool.end()
    await database.drop()
  })

  async function publish(topic: string, ...values: readonly string[]): Promise<void> {
    const client = await pool.connect()
    await client.query('BEGIN')
    const messages = values.map((value) => ({ topic, key: 'key', value }))
    await createOutbox({ store: postgresStore(pool) }).publishRaw(client, messages)
    await client.query('COMMIT')
    client.release()
  }

  async function sentValues(topic: string): Promise<string[]> {
    return (await readLog({ brokers: cluster.brokers, topics: [topic] })).map(({ value }) => String(value))
  }

  it.each([
    ['to write', AclOperationTypes.DESCRIBE],
    ['even to see', AclOperationTypes.DELETE],
  ])(
    '%s: it is paused, others flow, and it goes on by itself, in order, once it is',
    async (_, operation) => {
      await cluster.allow({ resourceName: denied, operations: [operation] })
      await publish(open, 'o-0')
      await publish(denied, 'd-0', 'd-1')
      await publish(open, 'o-1')
      const paused = nextEvent(relay, 'topic:paused')
      await relay.start()
      expect(await paused).toMatchObject({ topic: denied, error: { code: 'BROKER_ACCESS_DENIED' } })
      await publish(denied, 'd-2')
      await publish(open, 'o-2')
      await relay.drain()
      expect(await sentValues(open)).toEqual(['o-0', 'o-1', 'o-2'])
      expect((await relay.status()).outbox.parking).toMatchObject({
        keys: 0,
        messages: 3,
        pausedTopics: [{ topic: denied, errorCode: 'BROKER_ACCESS_DENIED' }],
      })
      const resumed = nextEvent(relay, 'topic:resumed')
      await cluster.allow({ resourceName: denied, operations: [AclOperationTypes.ALL] })
      expect(await resumed).toMatchObject({ topic: denied })
      await publish(denied, 'd-3')
      await relay.drain()
      expect(await sentValues(denied)).toEqual(['d-0', 'd-1', 'd-2', 'd-3'])
    },
    180_000,
  )
})
