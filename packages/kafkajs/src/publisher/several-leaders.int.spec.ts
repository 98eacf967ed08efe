import { randomUUID } from 'node:crypto'
import type { RelayPublisher, ShardProducer } from '@pigeonhole/core'
import { createTopics, type KafkaCluster, readLog, startKafka } from '@pigeonhole/testing'
import { type Admin, Kafka, logLevel } from 'kafkajs'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { capturedRow } from './captured-row.fake.js'
import { kafkajsPublisher } from './kafkajs-publisher.js'
import { api, WireTap } from './wire-tap.fake.js'

let cluster: KafkaCluster
let admin: Admin
let tap: WireTap
let publisher: RelayPublisher
let relay: string
let topic: string

beforeAll(async () => {
  cluster = await startKafka({ brokers: 3, sources: ['docker', 'embedded'] })
  admin = new Kafka({ brokers: cluster.brokers, logLevel: logLevel.NOTHING }).admin()
  await admin.connect()
}, 120_000)

afterAll(async () => {
  await admin.disconnect()
  await cluster.stop()
})

beforeEach(async () => {
  tap = new WireTap()
  relay = randomUUID()
  topic = randomUUID()
  const { brokers } = await admin.describeCluster()
  const replicaAssignment = brokers.map(({ nodeId }, partition) => ({ partition, replicas: [nodeId] }))
  await createTopics(cluster.brokers, [{ topic, replicaAssignment }])
  const { socketFactory } = tap
  publisher = kafkajsPublisher(
    new Kafka({ brokers: cluster.brokers, logLevel: logLevel.NOTHING, socketFactory }),
  )
  await publisher.createCheckpointTopic(relay, 1)
  return () => publisher.close()
})

async function openShard(): Promise<ShardProducer> {
  const producer = await publisher.fence(relay, 0)
  await producer.readCheckpoint()
  return producer
}

/** Commits a batch with a record for each partition, and tells the requests that it took. */
async function commitBatch(producer: ShardProducer, number: number): Promise<number[]> {
  const before = tap.sent.length
  await producer.begin({ number, token: 'token' })
  await producer.send([0, 1, 2].map((partition) => capturedRow({ topic, partition })))
  await producer.commit()
  return tap.sent.slice(before)
}

describe('a batch of partitions that three brokers lead', () => {
  it('is named to the coordinator in one request, before any broker has a record of it', async () => {
    const producer = await openShard()
    await commitBatch(producer, 1)
    const before = tap.said.length
    const kinds = await commitBatch(producer, 2)
    // The first of them is repeated while the markers of the transaction before are on their way.
    const named = kinds.filter((kind) => kind === api.addPartitionsToTxn)
    expect(kinds).toEqual([...named, api.produce, api.produce, api.produce, api.endTxn])
    expect(new Set(tap.said.slice(before, before + named.length)).size).toBe(1)
  })

  it('is in the log of each of them once, whether or not its first request had to be repeated', async () => {
    const producer = await openShard()
    let repeated = 0
    let number = 0
    for (; number < 20 || (repeated === 0 && number < 500); number += 1) {
      const kinds = await commitBatch(producer, number + 1)
      if (kinds.filter((kind) => kind === api.addPartitionsToTxn).length > 1) repeated += 1
    }
    expect(repeated).toBeGreaterThan(0)
    expect(await (await publisher.fence(relay, 0)).readCheckpoint()).toEqual({ number, token: 'token' })
    const log = await readLog({ brokers: cluster.brokers, topics: [topic] })
    for (const partition of [0, 1, 2])
      expect(log.filter((record) => record.partition === partition)).toHaveLength(number)
  })
})
