import { randomUUID } from 'node:crypto'
import { Kafka, logLevel, type Producer } from 'kafkajs'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { createTopics } from '../provision/create-topics.js'
import { type LogRecord, loggedMessage, readLog } from './read-log.js'

const brokers = inject('kafkaBrokers')
const kafka = new Kafka({ brokers, logLevel: logLevel.NOTHING, retry: { initialRetryTime: 5, retries: 20 } })
const admin = kafka.admin()
const producers: Producer[] = []

beforeAll(() => admin.connect())

afterAll(async () => {
  await Promise.all(producers.map((producer) => producer.disconnect()))
  await admin.disconnect()
})

async function createTopic(numPartitions: number): Promise<string> {
  const topic = `read-log-${randomUUID()}`
  await createTopics(brokers, [{ topic, numPartitions }])
  return topic
}

async function transactionalProducer(): Promise<Producer> {
  const producer = kafka.producer({ transactionalId: randomUUID(), idempotent: true, maxInFlightRequests: 1 })
  await producer.connect()
  producers.push(producer)
  return producer
}

async function plainProducer(): Promise<Producer> {
  const producer = kafka.producer()
  await producer.connect()
  producers.push(producer)
  return producer
}

function valuesOf(records: readonly LogRecord[]): (string | null)[] {
  return records.map(({ value }) => (value === null ? null : Buffer.from(value).toString()))
}

describe('readLog', () => {
  it('reads records whole, in the order of topic, partition and offset', async () => {
    const topics = [await createTopic(2), await createTopic(1)].sort()
    const [first, second] = topics as [string, string]
    const producer = await plainProducer()
    const sent = {
      key: Buffer.from('k'),
      value: 'one',
      headers: { 'message-id': 'id-1', twice: ['a', 'b'] },
      partition: 0,
    }
    await producer.send({ topic: second, messages: [{ value: 'last', partition: 0 }] })
    await producer.send({ topic: first, messages: [sent, { key: null, value: null, partition: 0 }] })
    const records = await readLog({ brokers, topics: [second, first] })
    expect(records.map(({ topic, partition, offset }) => [topic, partition, offset])).toEqual([
      [first, 0, 0n],
      [first, 0, 1n],
      [second, 0, 0n],
    ])
    expect(records[0]?.headers).toEqual([
      ['message-id', 'id-1'],
      ['twice', 'a'],
      ['twice', 'b'],
    ])
    expect(valuesOf(records)).toEqual(['one', null, 'last'])
    expect(records.map((record) => loggedMessage(record))).toMatchObject([
      { id: 'id-1', key: 'k' },
      { id: 'without id, 0/1', key: null },
      { id: 'without id, 0/0', key: null },
    ])
  })

  it('leaves out what aborted transactions wrote, also where they overlap and the log ends with one', async () => {
    const topic = await createTopic(1)
    const send = (via: Pick<Producer, 'send'>, value: string, key = 'k') =>
      via.send({ topic, acks: -1, messages: [{ key, value, partition: 0 }] })
    const [one, two, three] = [
      await transactionalProducer(),
      await transactionalProducer(),
      await transactionalProducer(),
    ]
    const [first, second] = [await one.transaction(), await two.transaction()]
    await send(first, 'aborted 1')
    await send(second, 'aborted 2')
    await send(first, 'aborted 3')
    await second.abort()
    await send(first, 'aborted 4')
    await first.abort()
    const third = await three.transaction()
    await send(third, 'committed 1')
    await third.commit()
    const fourth = await one.transaction()
    await send(fourth, 'aborted 5')
    await send(fourth, 'aborted 6', '\0\0\0\0')
    await send(fourth, 'aborted 7')
    const fifth = await three.transaction()
    await send(fifth, 'committed 2')
    await fifth.commit()
    await fourth.abort()
    expect(valuesOf(await readLog({ brokers, topics: [topic] }))).toEqual(['committed 1', 'committed 2'])
  })

  it('finds what was committed just before, whose markers may still be on their way', async () => {
    const topic = await createTopic(8)
    const producer = await transactionalProducer()
    const committed: string[] = []
    for (let round = 0; round < 15; round++) {
      const transaction = await producer.transaction()
      const messages = Array.from({ length: 8 }, (_, partition) => ({
        partition,
        value: `${round}/${partition}`,
      }))
      await transaction.send({ topic, acks: -1, messages })
      await transaction.commit()
      committed.push(...messages.map(({ value }) => value))
      expect(valuesOf(await readLog({ brokers, topics: [topic] })).sort()).toEqual(committed.sort())
    }
  })

  it('reads topics without records, and names one that is not there', async () => {
    expect(await readLog({ brokers, topics: [await createTopic(3)] })).toEqual([])
    expect(await readLog({ brokers, topics: [] })).toEqual([])
    await expect(readLog({ brokers, topics: ['no-such-topic'] })).rejects.toMatchObject({
      code: 'TOPIC_MISSING',
      details: { topic: 'no-such-topic' },
    })
  })

  it('ends where a transaction is still open, and reads on once it is committed', async () => {
    const topic = await createTopic(1)
    const open = await (await transactionalProducer()).transaction()
    const plain = await plainProducer()
    await plain.send({ topic, messages: [{ value: 'before' }] })
    await open.send({ topic, acks: -1, messages: [{ value: 'undecided', partition: 0 }] })
    await plain.send({ topic, messages: [{ value: 'behind' }] })
    expect(valuesOf(await readLog({ brokers, topics: [topic], settleMs: 0 }))).toEqual(['before'])
    await open.commit()
    expect(valuesOf(await readLog({ brokers, topics: [topic] }))).toEqual(['before', 'undecided', 'behind'])
  })

  it('gives up at its deadline and says what is missing', async () => {
    const topic = await createTopic(1)
    await (await plainProducer()).send({ topic, messages: [{ value: 'x' }] })
    await expect(readLog({ brokers, topics: [topic], timeoutMs: 1 })).rejects.toMatchObject({
      code: 'DEADLINE_EXCEEDED',
      message: expect.stringContaining(`${topic}/0`),
    })
  })

  it('leaves no consumer group behind', async () => {
    const topic = await createTopic(1)
    await (await plainProducer()).send({ topic, messages: [{ value: 'x' }] })
    const readers = async (): Promise<string[]> => {
      const { groups } = await admin.listGroups()
      return groups.map(({ groupId }) => groupId).filter((id) => id.startsWith('pigeonhole.checker.'))
    }
    expect(await readLog({ brokers, topics: [topic] })).toHaveLength(1)
    // Others use the cluster, and read: of what is there now, their groups go when they have read, and one that is left stays.
    const found = await readers()
    await expect.poll(async () => (await readers()).filter((id) => found.includes(id))).toEqual([])
  })

  it('says that the broker cannot be reached', async () => {
    await expect(readLog({ brokers: ['127.0.0.1:1'], topics: ['any'] })).rejects.toMatchObject({
      code: 'BROKER_UNAVAILABLE',
      cause: expect.any(Error),
    })
  })
})
