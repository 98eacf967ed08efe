import { createRequire } from 'node:module'
import type { KafkaJSProtocolError } from 'kafkajs'
import { describe, expect, it } from 'vitest'
import type { AdminConnection } from './admin-connection.js'
import { hasCheckpointTopic } from './checkpoint-topic.js'

const require = createRequire(import.meta.url)
const { createErrorFromCode } = require('kafkajs/src/protocol/error') as {
  createErrorFromCode(code: number): KafkaJSProtocolError
}

describe('hasCheckpointTopic', () => {
  it('passes other errors on at once', async () => {
    const cause = createErrorFromCode(7)
    const connection = { use: () => Promise.reject(cause) } as unknown as AdminConnection
    await expect(hasCheckpointTopic(connection, 'r', 1)).rejects.toMatchObject({
      code: 'BROKER_UNAVAILABLE',
      cause,
    })
  })
})
