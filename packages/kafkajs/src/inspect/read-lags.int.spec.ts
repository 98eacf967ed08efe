import { randomUUID } from 'node:crypto'
import { createTopics } from '@pigeonhole/testing'
import { Kafka, logLevel, type Producer } from 'kafkajs'
import { afterAll, beforeAll, beforeEach, describe, expect, inject, it } from 'vitest'
import { readLags } from './read-lags.js'

const brokers = inject('kafkaBrokers')
const kafka = new Kafka({ brokers, logLevel: logLevel.NOTHING })

describe('how far a reader is behind', () => {
  let producer: Producer
  let topic: string
  beforeAll(async () => {
    producer = kafka.producer({ transactionalId: randomUUID() })
    await producer.connect()
  })
  afterAll(() => producer.disconnect())
  beforeEach(async () => {
    topic = randomUUID()
    await createTopics(brokers, [{ topic, numPartitions: 2 }])
  })

  async function send(count: number, end: 'commit' | 'abort'): Promise<void> {
    const transaction = await producer.transaction()
    const messages = Array.from({ length: count }, () => ({ value: 'x', partition: 0 }))
    await transaction.send({ topic, messages })
    await transaction[end]()
  }

  // A commit is answered before its marker is in the log.
  function lagAt(nextOffset: bigint, partition = 0) {
    return expect.poll(async () => (await readLags(kafka, [{ topic, partition, nextOffset }]))[0], {
      timeout: 30_000,
    })
  }

  it('is nothing where only the marker of the last transaction lies before it', async () => {
    await send(3, 'commit')
    await lagAt(3n).toEqual({ end: 4n, offsets: 1n, messages: 0n })
    await lagAt(4n).toEqual({ end: 4n, offsets: 0n, messages: 0n })
    await lagAt(0n, 1).toEqual({ end: 0n, offsets: 0n, messages: 0n })
  })

  it('is counted in messages near the end, without what was aborted', async () => {
    await send(3, 'commit')
    await send(2, 'abort')
    await send(1, 'commit')
    await lagAt(1n).toEqual({ end: 9n, offsets: 8n, messages: 3n })
  })

  it('is in offsets alone farther away', async () => {
    await send(101, 'commit')
    await lagAt(0n).toEqual({ end: 102n, offsets: 102n, messages: null })
  })

  it('is in offsets alone where some of them are in the log no more', async () => {
    await send(3, 'commit')
    await lagAt(3n).toEqual({ end: 4n, offsets: 1n, messages: 0n })
    const admin = kafka.admin()
    await admin.connect()
    // kafkajs deletes records only of topics that this client has asked for before.
    await admin.fetchTopicOffsets(topic)
    await admin.deleteTopicRecords({ topic, partitions: [{ partition: 0, offset: '2' }] })
    await admin.disconnect()
    await lagAt(1n).toEqual({ end: 4n, offsets: 3n, messages: null })
    await lagAt(2n).toEqual({ end: 4n, offsets: 2n, messages: 1n })
  })

  it('does not go beyond a transaction that is open', async () => {
    await send(1, 'commit')
    const open = await producer.transaction()
    await open.send({ topic, messages: [{ value: 'x', partition: 0 }] })
    await lagAt(1n).toEqual({ end: 2n, offsets: 1n, messages: 0n })
    await open.abort()
  })

  it('is not known of what the cluster does not have, and known of all else', async () => {
    await send(1, 'commit')
    await lagAt(1n).toEqual({ end: 2n, offsets: 1n, messages: 0n })
    const lags = await readLags(kafka, [
      { topic: randomUUID(), partition: 0, nextOffset: 0n },
      { topic, partition: 7, nextOffset: 0n },
      { topic, partition: 0, nextOffset: 9n },
      { topic, partition: 0, nextOffset: 0n },
    ])
    expect(lags).toEqual([null, null, null, { end: 2n, offsets: 2n, messages: 1n }])
    expect(await readLags(kafka, [{ topic: randomUUID(), partition: 0, nextOffset: 0n }])).toEqual([null])
  })

  it('cannot be told by a cluster that does not answer', async () => {
    const nowhere = new Kafka({
      brokers: ['127.0.0.1:1'],
      logLevel: logLevel.NOTHING,
      retry: { retries: 0 },
    })
    const asked = readLags(nowhere, [{ topic, partition: 0, nextOffset: 0n }])
    await expect(asked).rejects.toMatchObject({ code: 'BROKER_UNAVAILABLE' })
  })
})
