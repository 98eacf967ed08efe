import { randomUUID } from 'node:crypto'
import type { RelayPublisher, ShardProducer } from '@pigeonhole/core'
import {
  type Admin,
  CompressionTypes,
  ConfigResourceTypes,
  type IResourceConfig,
  Kafka,
  logLevel,
  type Message,
  type Producer,
  type Transaction,
} from 'kafkajs'
import {
  afterAll,
  afterEach,
  beforeAll,
  beforeEach,
  describe,
  expect,
  inject,
  it,
  onTestFinished,
} from 'vitest'
import { readCheckpointBefore } from './checkpoint-tail.js'
import { Deadline } from './deadline.js'
import { kafkajsPublisher } from './kafkajs-publisher.js'
import { checkpointTopicOf } from './names.js'

const kafka = new Kafka({ brokers: inject('kafkaBrokers'), logLevel: logLevel.NOTHING })

let admin: Admin
let stranger: Producer
let publisher: RelayPublisher
let relay: string
let topic: string

beforeAll(async () => {
  admin = kafka.admin()
  stranger = kafka.producer({ transactionalId: randomUUID() })
  await Promise.all([admin.connect(), stranger.connect()])
})

afterAll(() => Promise.all([admin.disconnect(), stranger.disconnect()]))

beforeEach(async () => {
  relay = randomUUID()
  topic = checkpointTopicOf(relay)
  publisher = kafkajsPublisher(kafka)
  await publisher.createCheckpointTopic(relay, 1)
})

afterEach(() => publisher.close())

function fence(): Promise<ShardProducer> {
  return publisher.fence(relay, 0)
}

async function commit(producer: ShardProducer, number: number): Promise<void> {
  await producer.begin({ number, token: 'token' })
  await producer.commit()
}

function others(count: number, key = 'other'): Message[] {
  return Array.from({ length: count }, () => ({ key, value: '{"v":1,"session":"other"}' }))
}

function deletable(name: string): IResourceConfig {
  const configEntries = [{ name: 'cleanup.policy', value: 'compact,delete' }]
  return { type: ConfigResourceTypes.TOPIC, name, configEntries }
}

describe('the tail of the checkpoint topic', () => {
  it('goes back to the start where there is no checkpoint near the end', async () => {
    const first = await fence()
    await first.readCheckpoint()
    await commit(first, 1)
    await commit(first, 2)
    await stranger.send({ topic, messages: others(700) })
    expect(await (await fence()).readCheckpoint()).toEqual({ number: 2, token: 'token' })
  })

  it('starts at the first record that is still there', async () => {
    // Records of a topic that is only compacted cannot be deleted; one that is not refused anywhere else may have been.
    await admin.alterConfigs({ validateOnly: false, resources: [deletable(topic)] })
    const first = await fence()
    await first.readCheckpoint()
    await commit(first, 1)
    // Session and checkpoint, each with its marker, which comes after the commit is acknowledged.
    const end = async (): Promise<string | undefined> => (await admin.fetchTopicOffsets(topic))[0]?.high
    await expect.poll(end).toBe('4')
    await admin.deleteTopicRecords({ topic, partitions: [{ partition: 0, offset: '4' }] })
    await stranger.send({ topic, messages: others(700) })
    expect(await (await fence()).readCheckpoint()).toBeUndefined()
  })

  it('waits until every transaction before its session is settled, and gives up at its deadline', async () => {
    const first = await fence()
    await first.readCheckpoint()
    await commit(first, 1)
    const unsettled = await stranger.transaction()
    await unsettled.send({ topic, messages: others(1) })
    // It bounds the fencing as well, which may take its time on a busy machine.
    const impatient = kafkajsPublisher(kafka, { openTimeoutMs: 5_000 })
    onTestFinished(() => impatient.close())
    const late = await impatient.fence(relay, 0)
    await expect(late.readCheckpoint()).rejects.toMatchObject({
      code: 'CHECKPOINT_UNREADABLE',
      details: { shard: 0 },
    })
    const reading = fence().then((producer) => producer.readCheckpoint())
    await unsettled.abort()
    expect(await reading).toEqual({ number: 1, token: 'token' })
  })

  it('never reads an aborted checkpoint, whoever wrote it', async () => {
    const first = await fence()
    await first.readCheckpoint()
    await commit(first, 1)
    const aborted = await stranger.transaction()
    const value = '{"v":1,"number":9,"token":"aborted"}'
    await aborted.send({
      topic,
      messages: [
        { key: Buffer.alloc(4), value },
        { key: 'checkpoint', value },
      ],
    })
    await aborted.abort()
    expect(await (await fence()).readCheckpoint()).toEqual({ number: 1, token: 'token' })
  })

  // Plain kafkajs takes the transactions that were aborted in the order in which they ended, and one of them for each record.
  it.each([CompressionTypes.None, CompressionTypes.GZIP])(
    'never reads an aborted checkpoint of producers that take turns, one of which commits (compression %d)',
    async (compression) => {
      const first = await fence()
      await first.readCheckpoint()
      await commit(first, 1)
      const others = await Promise.all(
        Array.from({ length: 2 }, async () => {
          const producer = kafka.producer({ transactionalId: randomUUID() })
          await producer.connect()
          return producer
        }),
      )
      const [a, b, c] = await Promise.all([stranger, ...others].map((producer) => producer.transaction()))
      const send = (transaction: Transaction | undefined, key: string | Buffer, number: number) => {
        const value = JSON.stringify({ v: 1, number, token: 'of a stranger' })
        return transaction?.send({ topic, compression, messages: [{ key, value }] })
      }
      // The one that begins first ends last.
      for (const transaction of [a, b, c, a, b, c]) await send(transaction, Buffer.alloc(4), 7)
      await send(a, 'checkpoint', 8)
      await send(c, 'checkpoint', 2)
      await send(b, 'checkpoint', 9)
      await b?.abort()
      await c?.commit()
      await send(a, 'checkpoint', 10)
      await a?.abort()
      expect(await (await fence()).readCheckpoint()).toEqual({ number: 2, token: 'of a stranger' })
      await Promise.all(others.map((producer) => producer.disconnect()))
    },
  )

  it('refuses a partition in which its session is not where it was written', async () => {
    await stranger.send({ topic, messages: others(3, 'session') })
    const mark = { topic, shard: 0, session: 'mine', offset: 1n }
    await expect(readCheckpointBefore(kafka, mark, new Deadline(15_000))).rejects.toMatchObject({
      code: 'CHECKPOINT_UNREADABLE',
      message: expect.stringContaining('offset 1 no longer holds what was written there'),
    })
  })

  // A marker that is still to come hides a batch in the same way.
  it('is whole where a transaction that has not ended hides the last batch', async () => {
    const producer = await fence()
    await producer.readCheckpoint()
    const open = await stranger.transaction()
    await open.send({ topic, messages: others(1) })
    await commit(producer, 1)
    expect(await producer.isIntact()).toBe(true)
    await open.abort()
  })

  it('is cut off once the topic was deleted', async () => {
    const producer = await fence()
    await producer.readCheckpoint()
    await commit(producer, 1)
    expect(await producer.isIntact()).toBe(true)
    await admin.deleteTopics({ topics: [topic] })
    await expect.poll(() => producer.isIntact()).toBe(false)
  })

  it('is cut off once the topic was made anew', async () => {
    const producer = await fence()
    await producer.readCheckpoint()
    await commit(producer, 1)
    await admin.deleteTopics({ topics: [topic] })
    await expect.poll(() => admin.listTopics()).not.toContain(topic)
    await publisher.createCheckpointTopic(relay, 1)
    const ends = () => admin.fetchTopicOffsets(topic).catch(() => [])
    await expect.poll(ends).toMatchObject([{ high: '0' }])
    expect(await producer.isIntact()).toBe(false)
    // A session and its marker: as far as the first one's own session was, and not as far as its batch.
    await (await fence()).readCheckpoint()
    expect(await producer.isIntact()).toBe(false)
  })

  it.each([
    ['of a later version', '{"v":2,"number":1,"token":"t"}'],
    ['that is not JSON', 'x'],
    ['without a value', null],
  ])('refuses a checkpoint %s', async (_, value) => {
    await stranger.send({ topic, messages: [{ key: 'checkpoint', value }] })
    await expect((await fence()).readCheckpoint()).rejects.toMatchObject({ code: 'CHECKPOINT_UNREADABLE' })
  })
})
