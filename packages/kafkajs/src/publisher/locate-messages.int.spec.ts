import { randomUUID } from 'node:crypto'
import type { LoggableMessage } from '@pigeonhole/core'
import { createTopics } from '@pigeonhole/testing'
import { type Admin, Kafka, logLevel } from 'kafkajs'
import { afterAll, beforeAll, describe, expect, inject, it, onTestFinished } from 'vitest'
import { kafkajsPublisher } from './kafkajs-publisher.js'

const brokers = inject('kafkaBrokers')
const kafka = new Kafka({ brokers, logLevel: logLevel.NOTHING })

describe('locating messages in the log', () => {
  let admin: Admin
  beforeAll(async () => {
    admin = kafka.admin()
    await admin.connect()
  })
  afterAll(() => admin.disconnect())

  async function newTopic(configEntries: { name: string; value: string }[] = []): Promise<string> {
    const topic = `locate-${randomUUID()}`
    await createTopics(brokers, [{ topic, numPartitions: 1, configEntries }])
    return topic
  }

  function message(topic: string, createdAt = Date.now()): LoggableMessage {
    return { id: randomUUID(), topic, key: null, partition: null, createdAt }
  }

  async function send({ topic, id }: LoggableMessage, timestamp = Date.now()): Promise<void> {
    const producer = kafka.producer({ retry: { retries: 5 } })
    await producer.connect()
    const headers = { 'message-id': id }
    await producer.send({ topic, messages: [{ value: 'x', timestamp: String(timestamp), headers }] })
    await producer.disconnect()
  }

  async function locate(messages: readonly LoggableMessage[], openTimeoutMs = 15_000) {
    const publisher = kafkajsPublisher(kafka, { openTimeoutMs })
    onTestFinished(() => publisher.close())
    const verdicts = await publisher.locate(messages)
    return messages.map(({ id }) => verdicts.get(id))
  }

  const hour = 3_600_000

  it('says nothing of what may have been deleted: its partition begins later, or not an hour before', async () => {
    const topic = await newTopic()
    await send(message(topic))
    // kafkajs deletes records only of topics that this client has asked for before.
    await admin.fetchTopicOffsets(topic)
    await admin.deleteTopicRecords({ topic, partitions: [{ partition: 0, offset: '1' }] })
    const now = Date.now()
    expect(await locate([message(topic, now)])).toEqual([undefined])
    await send(message(topic), now - 2 * hour)
    const asked = [message(topic, now), message(topic, now - 1.5 * hour)]
    expect(await locate(asked)).toEqual(['absent', undefined])
  })

  it('says nothing of an absence from a compacted topic', async () => {
    const topic = await newTopic([{ name: 'cleanup.policy', value: 'compact,delete' }])
    expect(await locate([message(topic)])).toEqual([undefined])
  })

  it('finds a record whose clock was behind the database by less than an hour', async () => {
    const topic = await newTopic()
    const sent = message(topic)
    await send(sent, sent.createdAt - 0.9 * hour)
    expect(await locate([sent])).toEqual(['logged'])
  })

  it('waits for a transaction of another producer, and gives up in time', async () => {
    const topic = await newTopic()
    const producer = kafka.producer({
      transactionalId: randomUUID(),
      maxInFlightRequests: 1,
      idempotent: true,
    })
    await producer.connect()
    onTestFinished(() => producer.disconnect())
    const transaction = await producer.transaction()
    await transaction.send({ topic, messages: [{ value: 'hides what comes' }] })
    const sent = message(topic)
    await send(sent)
    await expect(locate([sent], 500)).rejects.toMatchObject({ code: 'DEADLINE_EXCEEDED' })
    const found = locate([sent])
    await transaction.abort()
    expect(await found).toEqual(['logged'])
  })
})
