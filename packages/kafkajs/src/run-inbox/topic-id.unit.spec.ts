import { expect, it } from 'vitest'
import { isSilent } from '../silent-brokers/silent-brokers.js'
import { type MetadataCluster, topicIdOf } from './topic-id.js'

it('asks who leads the partition now when the leader does not answer', async () => {
  const silence = Object.assign(new Error('timed out'), {
    name: 'KafkaJSRequestTimeoutError',
    broker: 'leader:1',
  })
  let refreshed = 0
  const cluster: MetadataCluster = {
    findLeaderForPartitions: () => ({ '1': [0] }),
    findBroker: async () => ({
      versions: { 3: { maxVersion: 12 } },
      connectionPool: { send: () => Promise.reject(silence) },
    }),
    refreshMetadata: async () => {
      refreshed += 1
      throw new Error('nor does anybody else')
    },
  }
  await expect(topicIdOf(cluster, { topic: 'orders', partition: 0 })).rejects.toBe(silence)
  expect(refreshed).toBe(1)
  expect(isSilent('leader:1')).toBe(true)
})
