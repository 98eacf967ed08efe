import { createRequire } from 'node:module'
import type { Admin, KafkaJSProtocolError } from 'kafkajs'
import { describe, expect, it } from 'vitest'
import type { AdminConnection } from './admin-connection.js'
import { hasCheckpointTopic } from './checkpoint-topic.js'

const require = createRequire(import.meta.url)
const { createErrorFromCode } = require('kafkajs/src/protocol/error') as {
  createErrorFromCode(code: number): KafkaJSProtocolError
}
const unknownTopic = createErrorFromCode(3)

/** A broker that does not know the topic in its first answers. */
function connectionKnowingFrom(answer: number): { readonly connection: AdminConnection; answers(): number } {
  let answers = 0
  const admin: Partial<Admin> = {
    fetchTopicMetadata: async () => {
      answers += 1
      if (answers < answer) throw unknownTopic
      return {
        topics: [
          {
            name: 't',
            partitions: [{ partitionErrorCode: 0, partitionId: 0, leader: 1, replicas: [], isr: [] }],
          },
        ],
      }
    },
    describeConfigs: async () => ({ resources: [], throttleTime: 0 }),
  }
  const use: AdminConnection['use'] = (work) => work(admin as Admin)
  return { connection: { use } as AdminConnection, answers: () => answers }
}

describe('hasCheckpointTopic', () => {
  it('does not take a broker that has just come up at its word', async () => {
    const { connection } = connectionKnowingFrom(3)
    expect(await hasCheckpointTopic(connection, 'r', 1)).toBe(true)
  })

  it('takes an absence that lasts for one', async () => {
    const { connection, answers } = connectionKnowingFrom(Number.POSITIVE_INFINITY)
    expect(await hasCheckpointTopic(connection, 'r', 1)).toBe(false)
    expect(answers()).toBeGreaterThan(3)
  })

  it('passes other errors on at once', async () => {
    const cause = createErrorFromCode(7)
    const connection = { use: () => Promise.reject(cause) } as unknown as AdminConnection
    await expect(hasCheckpointTopic(connection, 'r', 1)).rejects.toMatchObject({
      code: 'BROKER_UNAVAILABLE',
      cause,
    })
  })
})
