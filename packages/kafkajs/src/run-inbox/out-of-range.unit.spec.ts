import { describe, expect, it } from 'vitest'
import type { ConsumerGroup, FetchedBatch, Runner } from './kafkajs-runner.js'
import { recoverAtLogStart } from './out-of-range.js'

const place = { topic: 'orders', partition: 0 }

describe('recoverAtLogStart', () => {
  it('tells where the log begins by a batch without messages', async () => {
    const { group, taken } = groupReadingFrom({})
    await group.recoverFromOffsetOutOfRange(place)
    expect(taken).toMatchObject([{ ...place, fetchedOffset: '7', messages: [] }])
  })

  it('leaves a follower for the leader, which knows more of the log', async () => {
    const followers = { orders: { 0: { nodeId: 2 }, 1: { nodeId: 2 } } }
    const { group, taken } = groupReadingFrom(followers)
    await group.recoverFromOffsetOutOfRange(place)
    expect(taken).toEqual([])
    expect(followers).toEqual({ orders: { 1: { nodeId: 2 } } })
    await group.recoverFromOffsetOutOfRange(place)
    expect(taken).toHaveLength(1)
  })
})

function groupReadingFrom(followers: ConsumerGroup['preferredReadReplicasPerTopicPartition']) {
  const taken: FetchedBatch[] = []
  const group = {
    preferredReadReplicasPerTopicPartition: followers,
    cluster: {
      fetchTopicsOffset: async () => [{ topic: 'orders', partitions: [{ partition: 0, offset: '7' }] }],
    },
  } as unknown as ConsumerGroup
  recoverAtLogStart({ consumerGroup: group } as Runner, async (batch) => void taken.push(batch))
  return { group, taken }
}
