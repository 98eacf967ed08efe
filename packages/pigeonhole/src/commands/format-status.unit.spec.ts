import { describe, expect, it } from 'vitest'
import { formatStatus } from './format-status.js'

const parking = { keys: 0, messages: 0, pausedTopics: [] }
const empty = { identity: null, shards: [], pending: 0, oldestAgeSeconds: null, parking }

const idle = { holder: null, buckets: null, confirmed: 0, pending: 0, oldestAgeSeconds: null }

describe('formatStatus', () => {
  it('is a table of shards, with columns as wide as they need', () => {
    const shards = [
      {
        ...idle,
        shard: 0,
        buckets: { first: 0, last: 127 },
        holder: 'a-long-holder',
        confirmed: 12,
        pending: 3,
      },
      { ...idle, shard: 1, buckets: { first: 128, last: 255 } },
      { ...idle, shard: 10, confirmed: 7 },
    ]
    const identity = { relay: 'orders', clusterId: 'c', systemIdentifier: '7' }
    const found = { identity, shards, pending: 3, oldestAgeSeconds: 1.25, parking }
    expect(formatStatus(found).split('\n')).toEqual([
      'relay orders, Kafka cluster c, PostgreSQL system 7',
      '3 messages pending, the oldest for 1.3 s',
      '',
      'shard  buckets  pending  confirmed  holder',
      '0      0-127    3        12         a-long-holder',
      '1      128-255  0        0          -',
      '10     retired  0        7          -',
      '',
    ])
  })

  it('has a line for what is parked, and one for each paused topic', () => {
    const retryAt = '2026-11-26T12:00:00.000Z'
    const paused = { shard: 0, topic: 'orders', errorCode: 'TOPIC_MISSING', error: '', attempts: 1, retryAt }
    const found = { ...empty, parking: { keys: 2, messages: 30, pausedTopics: [paused] } }
    expect(formatStatus(found).split('\n').slice(2, 4)).toEqual([
      '30 messages parked, 2 keys blocked: pigeonhole parked list',
      `topic orders is paused (TOPIC_MISSING) until ${retryAt}`,
    ])
  })

  it.each([
    [0.04, '0.0 s'],
    [59.9, '59.9 s'],
    [60, '1 min'],
    [3_599, '59 min'],
    [3_600, '1 h 0 min'],
    [90_000, '25 h 0 min'],
  ])('shows an age of %d s as %s', (oldestAgeSeconds, age) => {
    expect(formatStatus({ ...empty, pending: 1, oldestAgeSeconds })).toContain(
      `1 messages pending, the oldest for ${age}\n`,
    )
  })
})
