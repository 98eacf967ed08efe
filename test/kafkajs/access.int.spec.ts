import { randomUUID } from 'node:crypto'
import type { CapturedRow, RelayPublisher, ShardProducer } from '@pigeonhole/core'
import { kafkajsPublisher } from '@pigeonhole/kafkajs'
import { createTopics } from '@pigeonhole/testing'
import { AclOperationTypes, AclResourceTypes } from 'kafkajs'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { AclCluster } from './acl-cluster.js'

let cluster: AclCluster
let publisher: RelayPublisher
let relay: string

beforeAll(async () => {
  cluster = await AclCluster.start()
  publisher = kafkajsPublisher(cluster.kafka)
}, 120_000)

afterAll(async () => {
  await publisher.close()
  await cluster[Symbol.asyncDispose]()
})

beforeEach(() => {
  relay = randomUUID()
})

async function createTopic(): Promise<string> {
  const topic = randomUUID()
  await createTopics(cluster.brokers, [{ topic, numPartitions: 1 }])
  return topic
}

async function openShard(): Promise<ShardProducer> {
  await publisher.createCheckpointTopic(relay, 1)
  const producer = await publisher.fence(relay, 0)
  await producer.readCheckpoint()
  return producer
}

function row(topic: string): CapturedRow {
  const payload = Buffer.from('payload')
  return { id: randomUUID(), topic, key: null, partition: null, bucket: 0, headers: [], payload, seq: '1' }
}

describe('a publisher that lacks an ACL', () => {
  it.each([
    ['to write', [AclOperationTypes.DESCRIBE]],
    ['even to see', [AclOperationTypes.DELETE]],
  ])('is told which topic it is not allowed %s', async (_, operations) => {
    const topic = await createTopic()
    await cluster.allow({ resourceName: topic, operations })
    const producer = await openShard()
    await producer.begin({ number: 1, token: 't' })
    await expect(producer.send([row(topic)])).rejects.toMatchObject({
      code: 'BROKER_ACCESS_DENIED',
      details: { resource: topic },
    })
  })

  it('is told which of two topics it was', async () => {
    const [open, closed] = [await createTopic(), await createTopic()]
    const operations = [AclOperationTypes.DESCRIBE]
    await cluster.allow({ resourceName: closed, operations })
    const producer = await openShard()
    await producer.begin({ number: 1, token: 't' })
    await expect(producer.send([row(open), row(closed)])).rejects.toMatchObject({
      code: 'BROKER_ACCESS_DENIED',
      details: { resource: closed },
    })
  })

  it('is told that it is the checkpoint topic, and not the one of the records beside it', async () => {
    const topic = await createTopic()
    const producer = await openShard()
    const resourceName = `pigeonhole.relay.${relay}`
    const operations = [AclOperationTypes.DESCRIBE]
    await cluster.allow({ resourceName, operations })
    await producer.begin({ number: 1, token: 't' })
    await expect(producer.send([row(topic)])).rejects.toMatchObject({
      code: 'BROKER_ACCESS_DENIED',
      details: { resource: resourceName },
    })
  })

  it('is told that it is not allowed to read the checkpoint topic, and not only at the deadline', async () => {
    const resourceName = `pigeonhole.relay.${relay}`
    await publisher.createCheckpointTopic(relay, 1)
    await cluster.allow({ resourceName, operations: [AclOperationTypes.WRITE] })
    const producer = await publisher.fence(relay, 0)
    await expect(producer.readCheckpoint()).rejects.toMatchObject({
      code: 'BROKER_ACCESS_DENIED',
      details: { resource: resourceName },
    })
  })

  it('is told which transactional id it is not allowed', async () => {
    const resourceName = `pigeonhole.${relay}.0`
    const operations = [AclOperationTypes.DESCRIBE]
    await cluster.allow({ resourceType: AclResourceTypes.TRANSACTIONAL_ID, resourceName, operations })
    await expect(publisher.fence(relay, 0)).rejects.toMatchObject({
      code: 'BROKER_ACCESS_DENIED',
      details: { resource: resourceName },
    })
  })

  it('takes the checkpoint topic as it is where it may not look at its settings', async () => {
    const resourceName = `pigeonhole.relay.${relay}`
    const configEntries = [{ name: 'cleanup.policy', value: 'delete' }]
    await createTopics(cluster.brokers, [{ topic: resourceName, numPartitions: 1, configEntries }])
    await expect(publisher.hasCheckpointTopic(relay, 1)).rejects.toMatchObject({
      code: 'CHECKPOINT_TOPIC_INVALID',
    })
    const operations = [AclOperationTypes.READ, AclOperationTypes.WRITE]
    await cluster.allow({ resourceName, operations })
    await expect.poll(() => publisher.hasCheckpointTopic(relay, 1).catch(() => false)).toBe(true)
  })
})
