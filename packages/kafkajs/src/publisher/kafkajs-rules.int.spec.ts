import { randomUUID } from 'node:crypto'
import type { CapturedRow, RelayPublisher, ShardProducer } from '@pigeonhole/core'
import { createTopics } from '@pigeonhole/testing'
import { type Admin, CompressionCodecs, CompressionTypes, Kafka, logLevel } from 'kafkajs'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, inject, it } from 'vitest'
import { capturedRow } from './captured-row.fake.js'
import { kafkajsPublisher } from './kafkajs-publisher.js'
import { partitionOfKey } from './partitioner.js'
import { api, WireTap } from './wire-tap.fake.js'

const brokers = inject('kafkaBrokers')

let admin: Admin
let tap: WireTap
let publisher: RelayPublisher
let relay: string

beforeAll(async () => {
  admin = new Kafka({ brokers, logLevel: logLevel.NOTHING }).admin()
  await admin.connect()
})

afterAll(() => admin.disconnect())

beforeEach(async () => {
  tap = new WireTap()
  relay = randomUUID()
  const { socketFactory } = tap
  publisher = kafkajsPublisher(new Kafka({ brokers, logLevel: logLevel.NOTHING, socketFactory }))
  await publisher.connect(relay)
  await publisher.createCheckpointTopic(relay, 1)
})

afterEach(() => publisher.close())

async function createTopic(numPartitions: number, topic: string = randomUUID()): Promise<string> {
  await createTopics(brokers, [{ topic, numPartitions }])
  return topic
}

async function openShard(): Promise<ShardProducer> {
  const producer = await publisher.fence(relay, 0)
  await producer.readCheckpoint()
  return producer
}

async function offsetsOf(topic: string): Promise<Record<number, string>> {
  const offsets = await admin.fetchTopicOffsets(topic)
  return Object.fromEntries(offsets.map(({ partition, high }) => [partition, high]))
}

const checkpoint = { number: 1, token: 'token' }

interface Batch {
  readonly number: number
  readonly rows: readonly CapturedRow[]
}

async function commitBatch(producer: ShardProducer, { number, rows }: Batch): Promise<void> {
  await producer.begin({ number, token: 'token' })
  await producer.send(rows)
  await producer.commit()
}

describe('the rules for kafkajs 2.2.4', () => {
  it('retries off: a send whose answer is lost goes out once and is rejected', async () => {
    const topic = await createTopic(1)
    const producer = await openShard()
    await producer.begin(checkpoint)
    const before = tap.count(api.produce)
    tap.loseAnswerTo(api.produce)
    await expect(producer.send([capturedRow({ topic })])).rejects.toMatchObject({
      code: 'BROKER_UNAVAILABLE',
    })
    expect(tap.count(api.produce) - before).toBe(1)
  })

  it('crash only: a commit whose answer is lost goes out once, and nothing is aborted', async () => {
    const producer = await openShard()
    await producer.begin(checkpoint)
    await producer.send([capturedRow({ topic: await createTopic(1) })])
    const before = tap.count(api.endTxn)
    tap.loseAnswerTo(api.endTxn)
    await expect(producer.commit()).rejects.toMatchObject({ code: 'BROKER_UNAVAILABLE' })
    await producer.close()
    // The broker had it. An abort would have come before this opening.
    expect(await (await publisher.fence(relay, 0)).readCheckpoint()).toEqual(checkpoint)
    const ofThisSession = 1
    expect(tap.count(api.endTxn) - before).toBe(1 + ofThisSession)
  })

  it('CONCURRENT_TRANSACTIONS is tried again after 1 ms, and no send is', async () => {
    const topic = await createTopic(1)
    const producer = await openShard()
    const delays: number[] = []
    // Of a batch all is measured: one that was held up, as on a busy machine, tells nothing of the pause in it.
    const isSeen = (): boolean => delays.length >= 5 && Math.min(...delays) < 40
    for (let number = 1; !isSeen() && number < 2_000; number += 1) {
      const before = tap.sent.length
      const started = performance.now()
      await commitBatch(producer, { number, rows: [capturedRow({ topic })] })
      const kinds = tap.sent.slice(before)
      const repeats = kinds.filter((kind) => kind === api.addPartitionsToTxn).length - 1
      if (repeats > 0) delays.push((performance.now() - started) / repeats)
      expect(kinds.filter((kind) => kind === api.produce)).toHaveLength(1)
    }
    expect(delays.length).toBeGreaterThanOrEqual(5)
    // kafkajs's own first pause is 300 ms, or 50 where NODE_ENV is test.
    expect(Math.min(...delays)).toBeLessThan(40)
  })

  it('a batch takes three requests where one broker leads all partitions', async () => {
    const topics = [await createTopic(3), await createTopic(3)]
    const rows = topics.flatMap((topic) => [0, 1, 2].map((partition) => capturedRow({ topic, partition })))
    const producer = await openShard()
    await commitBatch(producer, { number: 1, rows })
    const before = tap.sent.length
    await commitBatch(producer, { number: 2, rows })
    const kinds = tap.sent.slice(before)
    // The first of them is repeated while the markers of the transaction before are on their way.
    const named = kinds.filter((kind) => kind === api.addPartitionsToTxn)
    expect(kinds).toEqual([...named, api.produce, api.endTxn])
    expect(new Set(tap.said.slice(before, before + named.length)).size).toBe(1)
  })

  it('the checkpoint rides with the first records, and goes alone where there are none', async () => {
    const topic = await createTopic(1)
    const producer = await openShard()
    await producer.begin(checkpoint)
    expect(tap.count(api.produce)).toBe(1)
    await producer.send([capturedRow({ topic })])
    expect(tap.count(api.produce)).toBe(2)
    await producer.commit()
    expect(tap.count(api.produce)).toBe(2)
    const last = { number: 2, token: 'last' }
    await producer.begin(last)
    await producer.commit()
    expect(await (await publisher.fence(relay, 0)).readCheckpoint()).toEqual(last)
  })

  it('a checkpoint is not compressed: who opens the shard next may not have the codec', async () => {
    await publisher.close()
    const kafka = new Kafka({ brokers, logLevel: logLevel.NOTHING, socketFactory: tap.socketFactory })
    publisher = kafkajsPublisher(kafka, { compression: CompressionTypes.GZIP })
    const producer = await openShard()
    const topic = await createTopic(1)
    const before = tap.count(api.produce)
    await commitBatch(producer, { number: 1, rows: [capturedRow({ topic })] })
    expect(tap.count(api.produce) - before).toBe(2)
    const gzip = CompressionCodecs[CompressionTypes.GZIP]
    delete (CompressionCodecs as Partial<typeof CompressionCodecs>)[CompressionTypes.GZIP]
    try {
      expect(await (await publisher.fence(relay, 0)).readCheckpoint()).toMatchObject({ number: 1 })
    } finally {
      CompressionCodecs[CompressionTypes.GZIP] = gzip
    }
  })

  it('the partition is settled before the first try: a record without a key lies where its id says', async () => {
    const topic = await createTopic(12)
    const row = capturedRow({ topic, key: null })
    const producer = await openShard()
    for (let number = 1; number <= 8; number += 1) await commitBatch(producer, { number, rows: [row] })
    const usedPartitions = async (): Promise<number[]> => {
      const used = Object.entries(await offsetsOf(topic)).filter(([, offset]) => offset !== '0')
      return used.map(([partition]) => Number(partition))
    }
    await expect.poll(usedPartitions).toEqual([partitionOfKey(Buffer.from(row.id), 12)])
  })

  it('the metadata cover every partition: records that kafkajs drops in silence are missed', async () => {
    await publisher.close()
    const kafka = new Kafka({ brokers, logLevel: logLevel.NOTHING })
    publisher = kafkajsPublisher(kafka, { topicMetadataMaxAgeMs: 1 })
    const topic = await createTopic(1)
    const producer = await openShard()
    await commitBatch(producer, { number: 1, rows: [capturedRow({ topic })] })
    await admin.createPartitions({ topicPartitions: [{ topic, count: 4 }] })
    await expect.poll(() => offsetsOf(topic)).toHaveProperty('3')
    const rows = [0, 3].map((partition) => capturedRow({ topic, partition }))
    // We have looked again, kafkajs's producer has not.
    await expect(commitBatch(producer, { number: 2, rows })).rejects.toMatchObject({
      code: 'BROKER_UNAVAILABLE',
      message: expect.stringContaining(`${topic}/3`),
    })
    await commitBatch(await openShard(), { number: 2, rows })
  })

  it('a topic that has fewer partitions than before is asked for anew', async () => {
    const topic = await createTopic(4)
    const rows = [0, 3].map((partition) => capturedRow({ topic, partition }))
    await commitBatch(await openShard(), { number: 1, rows })
    // The number of partitions is remembered here, and a new producer of kafkajs sees what it is now.
    await admin.deleteTopics({ topics: [topic] })
    await expect.poll(() => admin.listTopics()).not.toContain(topic)
    await createTopic(1, topic)
    const second = commitBatch(await openShard(), { number: 2, rows })
    await expect(second).rejects.toMatchObject({ code: 'BROKER_UNAVAILABLE' })
    const third = commitBatch(await openShard(), { number: 3, rows })
    await expect(third).rejects.toMatchObject({ code: 'RECORD_REFUSED' })
  })

  it('requests stay under max.message.bytes: a batch that is larger is divided', async () => {
    const topic = await createTopic(1)
    const rows = [1, 2, 3].map(() => capturedRow({ topic, payload: Buffer.alloc(400_000) }))
    const producer = await openShard()
    await producer.begin(checkpoint)
    const before = tap.count(api.produce)
    await producer.send(rows)
    expect(tap.count(api.produce) - before).toBe(2)
    await producer.commit()
  })
})
