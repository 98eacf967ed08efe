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
    return { id: randomUUID(), topic, key: null, partition: null, isTombstone: false, createdAt }
  }

  function keyed(topic: string, over: Partial<LoggableMessage> = {}): LoggableMessage {
    return { ...message(topic), key: Buffer.from('key'), ...over }
  }

  async function send({ topic, id, key }: LoggableMessage, timestamp = Date.now()): Promise<void> {
    const producer = kafka.producer({ retry: { retries: 5 } })
    await producer.connect()
    const headers = { 'message-id': id }
    await producer.send({
      topic,
      messages: [{ key: key && Buffer.from(key), value: 'x', timestamp: String(timestamp), headers }],
    })
    await producer.disconnect()
  }

  async function locate(messages: readonly LoggableMessage[], openTimeoutMs = 15_000) {
    const publisher = kafkajsPublisher(kafka, { openTimeoutMs })
    onTestFinished(() => publisher.close())
    const verdicts = await publisher.locate(messages)
    return messages.map(({ id }) => verdicts.get(id))
  }

  const hour = 3_600_000

  it('says nothing of topics that cannot be', async () => {
    expect(await locate([message(''), message('a b')])).toEqual([undefined, undefined])
  })

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

  describe('in a compacted topic', () => {
    const compacted = (): Promise<string> => newTopic([{ name: 'cleanup.policy', value: 'compact,delete' }])

    it('knows that a message was never sent where there is no record of its key since', async () => {
      const topic = await compacted()
      await send(keyed(topic, { key: Buffer.from('another') }))
      await send(keyed(topic), Date.now() - 2 * hour)
      expect(await locate([keyed(topic)])).toEqual(['absent'])
    })

    it('knows that a message was never sent where the last record of its key is an earlier one', async () => {
      const topic = await compacted()
      const [earlier, later] = [keyed(topic), keyed(topic)]
      await send(earlier)
      expect(await locate([earlier, later])).toEqual(['logged', 'absent'])
    })

    it('knows that a message was sent where the last record of its key is a later one', async () => {
      const topic = await compacted()
      const [earlier, later] = [keyed(topic), keyed(topic)]
      await send(later)
      expect(await locate([earlier, later])).toEqual(['superseded', 'logged'])
    })

    it('cannot tell where the last record of its key may be a later one', async () => {
      const topic = await compacted()
      await send(keyed(topic))
      expect(await locate([keyed(topic)])).toEqual(['hidden'])
    })

    it('cannot tell of a message without a payload, which compaction removes in the end', async () => {
      const topic = await compacted()
      expect(await locate([keyed(topic, { isTombstone: true })])).toEqual(['hidden'])
    })
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
