import { randomUUID } from 'node:crypto'
import type { RelayPublisher } from '@pigeonhole/core'
import { createTopics } from '@pigeonhole/testing'
import { type Admin, ConfigResourceTypes, Kafka, logLevel } from 'kafkajs'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { kafkajsPublisher } from './kafkajs-publisher.js'
import { checkpointTopicOf } from './names.js'

const kafka = new Kafka({ brokers: inject('kafkaBrokers'), logLevel: logLevel.NOTHING })

let admin: Admin
let publisher: RelayPublisher

beforeAll(async () => {
  admin = kafka.admin()
  await admin.connect()
  publisher = kafkajsPublisher(kafka)
})

afterAll(() => Promise.all([admin.disconnect(), publisher.close()]))

async function createByHand(policy: string): Promise<string> {
  const relay = randomUUID()
  const configEntries = [{ name: 'cleanup.policy', value: policy }]
  const topics = [{ topic: checkpointTopicOf(relay), numPartitions: 1, configEntries }]
  await createTopics(inject('kafkaBrokers'), topics)
  return relay
}

describe('the checkpoint topic', () => {
  it('is compacted in small segments', async () => {
    const relay = randomUUID()
    await publisher.createCheckpointTopic(relay, 3)
    const name = checkpointTopicOf(relay)
    const resources = [{ type: ConfigResourceTypes.TOPIC, name }]
    const described = await admin.describeConfigs({ includeSynonyms: false, resources })
    const configs = described.resources[0]?.configEntries ?? []
    const settings = Object.fromEntries(
      configs.map(({ configName, configValue }) => [configName, configValue]),
    )
    expect(settings).toMatchObject({
      'cleanup.policy': 'compact',
      'segment.bytes': '1048576',
      'min.cleanable.dirty.ratio': '0.1',
      'delete.retention.ms': '60000',
    })
    const { topics } = await admin.fetchTopicMetadata({ topics: [name] })
    expect(topics[0]?.partitions).toHaveLength(3)
  })

  it('may be created by hand', async () => {
    expect(await publisher.hasCheckpointTopic(await createByHand('compact'), 1)).toBe(true)
  })

  it.each(['delete', 'compact,delete'])(
    'is refused with cleanup.policy=%s, which deletes checkpoints',
    async (policy) => {
      const relay = await createByHand(policy)
      await expect(publisher.hasCheckpointTopic(relay, 1)).rejects.toMatchObject({
        code: 'CHECKPOINT_TOPIC_INVALID',
        details: { topic: checkpointTopicOf(relay) },
        message: expect.stringContaining(policy),
      })
    },
  )

  it('says so where the cluster has too few brokers for its replication factor', async () => {
    const greedy = kafkajsPublisher(kafka, { checkpointReplicationFactor: 100 })
    await expect(greedy.createCheckpointTopic(randomUUID(), 1)).rejects.toMatchObject({
      code: 'CHECKPOINT_TOPIC_INVALID',
    })
    await greedy.close()
  })
})
