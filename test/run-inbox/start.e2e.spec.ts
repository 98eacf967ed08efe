import { topic } from '@pigeonhole/core'
import { on, runInbox } from '@pigeonhole/kafkajs'
import { postgresStore } from '@pigeonhole/postgres'
import { createTopics } from '@pigeonhole/testing'
import pg from 'pg'
import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest'
import { eventually } from './events.js'
import { InboxLab, writeEffect } from './inbox-lab.js'

const servers = { databaseUrl: inject('databaseUrl'), kafkaBrokers: inject('kafkaBrokers') }

describe('starting runInbox', () => {
  let lab: InboxLab
  beforeEach(async () => {
    lab = await InboxLab.open(servers)
  })
  afterEach(() => lab[Symbol.asyncDispose]())

  it('names a topic that the cluster does not know, and leaves the consumer for another try', async () => {
    const missing = topic<string>(`${lab.name}-missing`)
    const consumer = lab.newKafka().consumer({ ...lab.consumerConfig, allowAutoTopicCreation: false })
    await expect(lab.runOn(consumer, { topics: [await lab.createTopic(), missing] })).rejects.toMatchObject({
      code: 'TOPIC_MISSING',
      details: { topic: missing.name },
    })
    await createTopics(lab.brokers, [{ topic: missing.name }])
    await lab.runOn(consumer, { topics: [missing] }).catch((error: unknown) => {
      // The topic of the first try is still subscribed to.
      expect(error).toMatchObject({ code: 'HANDLER_MISSING' })
    })
  })

  it('refuses a consumer that reads uncommitted records', async () => {
    const orders = await lab.createTopic()
    await expect(lab.run({ topics: [orders], consumer: { readUncommitted: true } })).rejects.toMatchObject({
      code: 'OPTION_INVALID',
      details: { option: 'readUncommitted' },
    })
  })

  it('refuses a consumer that is subscribed to a topic without a handler', async () => {
    const [orders, other] = [await lab.createTopic(), await lab.createTopic()]
    const consumer = lab.newKafka().consumer(lab.consumerConfig)
    await consumer.connect()
    await consumer.subscribe({ topics: [other.name] })
    await expect(lab.runOn(consumer, { topics: [orders] })).rejects.toMatchObject({
      code: 'HANDLER_MISSING',
      details: { topic: other.name },
    })
    const { groups } = await lab.admin((admin) => admin.describeGroups([lab.name]))
    expect(groups[0]?.members).toEqual([])
  })

  it('refuses a consumer that runs already', async () => {
    const orders = await lab.createTopic()
    const consumer = lab.newKafka().consumer(lab.consumerConfig)
    await lab.runOn(consumer, { topics: [orders] })
    await expect(lab.runOn(consumer, { topics: [orders] })).rejects.toMatchObject({
      code: 'OPTION_INVALID',
      details: { option: 'consumer' },
    })
    // The first run goes on.
    await lab.send(orders, ['a'])
    await eventually(() => lab.effects()).toEqual(['a'])
  })

  it('says when the tables are missing, before it connects to Kafka', async () => {
    await lab.pool.query('DROP SCHEMA pigeonhole CASCADE')
    const consumer = lab.newKafka().consumer(lab.consumerConfig)
    let connected = false
    consumer.on(consumer.events.CONNECT, () => {
      connected = true
    })
    await expect(lab.runOn(consumer, { topics: [topic('orders')] })).rejects.toMatchObject({
      code: 'SCHEMA_MISSING',
    })
    expect(connected).toBe(false)
  })

  it('says when PostgreSQL is not there', async () => {
    const pool = new pg.Pool({ connectionString: 'postgres://postgres@127.0.0.1:1/postgres' })
    const inbox = lab.inbox({ store: postgresStore(pool) })
    await expect(lab.run({ topics: [topic('orders')], inbox })).rejects.toMatchObject({
      code: 'STORE_UNAVAILABLE',
    })
    await pool.end()
  })

  it('says when Kafka is not there', async () => {
    await expect(
      lab.run({ topics: [topic('orders')], kafka: lab.newKafka(['127.0.0.1:1']) }),
    ).rejects.toMatchObject({
      code: 'BROKER_UNAVAILABLE',
    })
  })

  it('refuses two handlers for one topic, and none at all', async () => {
    const orders = topic<string>('orders')
    const consumer = lab.newKafka().consumer(lab.consumerConfig)
    const twice = [on(orders, writeEffect), on(orders, writeEffect)]
    await expect(runInbox(consumer, lab.inbox(), { handlers: twice })).rejects.toMatchObject({
      code: 'OPTION_INVALID',
    })
    await expect(runInbox(consumer, lab.inbox(), { handlers: [] })).rejects.toMatchObject({
      code: 'OPTION_INVALID',
    })
  })
})
