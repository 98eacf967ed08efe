import { type KafkaLoss, type KafkaProxy, startKafka, startKafkaProxy } from '@pigeonhole/testing'
import { Kafka, logLevel, type Producer, type RetryOptions } from 'kafkajs'
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest'
import { readLog } from '../checker/read-log.js'
import { createTopics } from '../provision/create-topics.js'
import type { KafkaCluster } from '../provision/kafka-cluster.js'

// By the package's name: the warden is a program, which only the build makes.
let cluster: KafkaCluster
let proxy: KafkaProxy
const addresses: string[] = []
const producers: Producer[] = []
let topics = 0

beforeAll(async () => {
  cluster = await startKafka({
    brokers: 1,
    sources: ['docker', 'embedded'],
    advertise: async ({ address }) => {
      addresses.push(address)
      proxy = await startKafkaProxy({ target: address })
      return proxy.address
    },
  })
})
afterEach(async () => {
  await Promise.allSettled(producers.splice(0).map((producer) => producer.disconnect()))
  proxy.heal()
})
afterAll(async () => {
  await cluster.stop()
  await proxy.stop()
})

async function newTopic(): Promise<string> {
  const topic = `kafka-proxy-${++topics}`
  await createTopics(cluster.brokers, [{ topic, numPartitions: 1 }])
  return topic
}

async function newProducer(topic: string, retry: RetryOptions = {}): Promise<Producer> {
  const kafka = new Kafka({
    brokers: cluster.brokers,
    logLevel: logLevel.NOTHING,
    // What is on a connection that has gone silent ends by it, and nothing else on a busy machine.
    requestTimeout: 5_000,
  })
  const producer = kafka.producer({
    transactionalId: `producer-of-${topic}`,
    maxInFlightRequests: 1,
    idempotent: true,
    retry,
  })
  producers.push(producer)
  await producer.connect()
  return producer
}

async function sendOne(producer: Producer, topic: string, value: string): Promise<void> {
  const transaction = await producer.transaction()
  await transaction.send({ topic, messages: [{ value }] })
  await transaction.commit()
}

async function values(topic: string): Promise<string[]> {
  const records = await readLog({ brokers: cluster.brokers, topics: [topic] })
  return records.map(({ value }) => String(Buffer.from(value ?? [])))
}

it('is where the broker sends its clients', async () => {
  expect(cluster.brokers).toEqual([proxy.address])
  expect(addresses).not.toEqual(cluster.brokers)
  await newProducer(await newTopic())
  expect(proxy.connections).toBeGreaterThan(0)
})

/** Sends `value` while `loss` waits for its message; what the client makes of it is its own affair. */
async function sendLosing(topic: string, value: string, loss: KafkaLoss): Promise<void> {
  // None at all: 0 is refused of an idempotent producer.
  const producer = await newProducer(topic, { retries: Number.NaN })
  const lost = proxy.lose(loss)
  sendOne(producer, topic, value).catch(() => undefined)
  expect(await lost).toBe(true)
}

it('loses the reply to EndTxn: committed, and nobody was told', async () => {
  const topic = await newTopic()
  await sendLosing(topic, 'a', { api: 'EndTxn', lost: 'reply', connection: 'cut' })
  await expect.poll(() => values(topic)).toEqual(['a'])
})

it('loses the request EndTxn: not committed', async () => {
  const topic = await newTopic()
  await sendLosing(topic, 'a', { api: 'EndTxn', lost: 'request', connection: 'half-open' })
  // The next producer of the transactional id settles the transaction that was left open.
  await sendOne(await newProducer(topic), topic, 'b')
  expect(await values(topic)).toEqual(['b'])
})

it('strikes once, loses nothing else, and is called off by its signal', async () => {
  const topic = await newTopic()
  await sendLosing(topic, 'a', { api: 'Produce', lost: 'reply', connection: 'half-open' })
  const off = new AbortController()
  const never = proxy.lose({ api: 'Produce', lost: 'reply', connection: 'cut' }, off.signal)
  off.abort()
  expect(await never).toBe(false)
  await sendOne(await newProducer(topic), topic, 'b')
  expect(await values(topic)).toEqual(['b'])
})
