import { startKafka } from '@pigeonhole/testing'
import { ConfigResourceTypes, Kafka, logLevel } from 'kafkajs'
import { afterAll, expect, test } from 'vitest'
import { createTopics } from './create-topics.js'
import { brokerIds } from './kafka-ready.js'

const own = ['docker', 'embedded'] as const
const cluster = await startKafka({ brokers: 3, sources: own, settings: { 'message.max.bytes': '123456' } })
const kafka = new Kafka({ brokers: cluster.brokers, logLevel: logLevel.NOTHING })
const admin = kafka.admin()
await admin.connect()

afterAll(async () => {
  await admin.disconnect()
  await cluster.stop()
})

const timeout = 240_000
const patience = { timeout: 60_000 }
const ids = cluster.nodes.map((node) => node.id)

test('is a cluster of three that keeps three replicas, with the settings asked for', async () => {
  await createTopics(cluster.brokers, [{ topic: 'replicated' }])
  const { topics } = await admin.fetchTopicMetadata({ topics: ['replicated'] })
  expect(topics[0]?.partitions[0]?.replicas.toSorted()).toEqual(ids)

  const { resources } = await admin.describeConfigs({
    includeSynonyms: false,
    resources: [{ type: ConfigResourceTypes.BROKER, name: '1' }],
  })
  const settings = Object.fromEntries(
    resources[0]?.configEntries.map((entry) => [entry.configName, entry.configValue]) ?? [],
  )
  expect(settings).toMatchObject({
    'message.max.bytes': '123456',
    'min.insync.replicas': '2',
    'auto.create.topics.enable': 'false',
  })
})

test(
  'goes on without a broker that was killed, which comes back with what it had',
  async () => {
    const [first, ...others] = cluster.nodes
    await first?.kill()
    await expect.poll(() => brokerIds(cluster.brokers), patience).toEqual(others.map((node) => node.id))
    const producer = kafka.producer({ retry: { retries: 20 } })
    await producer.connect()
    const sent = await producer.send({ topic: 'replicated', acks: -1, messages: [{ value: 'without it' }] })
    expect(sent).toMatchObject([{ errorCode: 0 }])
    await producer.disconnect()

    await first?.restart()
    // Which it asks may hear of that later than the one that is back.
    await expect.poll(() => brokerIds(cluster.brokers), patience).toEqual(ids)
  },
  timeout,
)

test(
  'a paused broker is a member no more until it resumes',
  async () => {
    const last = cluster.nodes.at(-1)
    await last?.pause()
    await expect.poll(() => brokerIds(cluster.brokers), patience).toEqual(ids.slice(0, -1))
    await last?.resume()
    await expect.poll(() => brokerIds(cluster.brokers), patience).toEqual(ids)
  },
  timeout,
)
