import { describe, expect, it } from 'vitest'
import { bucketCount } from '../message/bucket.js'
import { activeShards, checkpointPartitionsOf, divideBuckets } from './shard-map.js'

describe('divideBuckets', () => {
  it('gives all buckets to one shard', () => {
    expect(divideBuckets(1)).toEqual([{ first: 0, last: 255 }])
  })

  it.each([2, 3, 4, 7, 16, 255, 256])('gives each bucket to one of %i shards, evenly', (shards) => {
    const ranges = divideBuckets(shards)
    const owned = ranges.flatMap(({ first, last }) =>
      Array.from({ length: last - first + 1 }, (_, index) => first + index),
    )
    expect(owned).toEqual(Array.from({ length: bucketCount }, (_, bucket) => bucket))
    const sizes = ranges.map(({ first, last }) => last - first + 1)
    expect(sizes).toHaveLength(shards)
    expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1)
  })
})

describe('a map', () => {
  const map = [
    { shard: 0, buckets: { first: 0, last: 127 } },
    { shard: 1, buckets: { first: 128, last: 255 } },
    { shard: 2, buckets: null },
  ]

  it('has active shards, and retired ones that keep their partition', () => {
    expect(activeShards(map)).toEqual([0, 1])
    expect(checkpointPartitionsOf(map)).toBe(3)
  })

  it('needs a partition before it is there', () => {
    expect(checkpointPartitionsOf([])).toBe(1)
  })
})
