import { describe, expect, it } from 'vitest'
import { GroupFeed } from './group-feed.js'
import type { ConsumerGroup, Runner } from './kafkajs-runner.js'

const place = { topic: 'orders', partition: 0 }

describe('GroupFeed', () => {
  it('lets fetches wait briefly while a partition is paused, so that it is soon fetched when it is resumed', () => {
    const group = {
      maxWaitTime: 5_000,
      subscriptionState: { pause: () => undefined, resume: () => undefined },
    }
    const feed = feedOf(group)
    feed.pause(place)
    feed.pause({ ...place, partition: 1 })
    expect(group.maxWaitTime).toBe(100)
    feed.resume(place)
    expect(group.maxWaitTime).toBe(100)
    feed.resume({ ...place, partition: 1 })
    expect(group.maxWaitTime).toBe(5_000)
  })

  it('lets no fetch wait longer than the consumer is told to', () => {
    const group = { maxWaitTime: 50, subscriptionState: { pause: () => undefined, resume: () => undefined } }
    feedOf(group).pause(place)
    expect(group.maxWaitTime).toBe(50)
  })

  it('asks Kafka once for the offsets of an assignment, and again after a failure', async () => {
    let asked = 0
    const committed: Record<string, Record<number, string>> = {}
    const offsetManager = {
      resolveOffsets: async () => {
        asked += 1
        if (asked === 1) throw new Error('not the coordinator')
        committed['orders'] = { 0: '7', 1: '8' }
      },
      committedOffsets: () => committed,
    }
    const feed = feedOf({ offsetManager })
    await expect(feed.startingOffset(place)).rejects.toThrow('not the coordinator')
    expect(await feed.startingOffset(place)).toBe(7n)
    expect(await feed.startingOffset({ ...place, partition: 1 })).toBe(8n)
    expect(asked).toBe(2)
    await expect(feed.startingOffset({ ...place, partition: 2 })).rejects.toThrow('orders/2')
  })

  it('commits the offsets of all topics in one request', async () => {
    const requests: unknown[] = []
    const feed = feedOf({ commitOffsets: async (offsets: unknown) => void requests.push(offsets) })
    await feed.commit([
      { ...place, offset: 1n },
      { topic: 'invoices', partition: 3, offset: 2n },
      { topic: 'orders', partition: 1, offset: 3n },
    ])
    expect(requests).toEqual([
      {
        topics: [
          {
            topic: 'orders',
            partitions: [
              { partition: 0, offset: '1' },
              { partition: 1, offset: '3' },
            ],
          },
          { topic: 'invoices', partitions: [{ partition: 3, offset: '2' }] },
        ],
      },
    ])
  })
})

function feedOf(group: object): GroupFeed {
  return new GroupFeed({ consumerGroup: group as ConsumerGroup } as Runner)
}
