import { bucketCount } from '../message/bucket.js'
import type { BucketRange, MappedShard } from '../ports/shard-map.js'

/** The buckets divided among `shards` shards, each a range as large as the others, give or take one bucket. */
export function divideBuckets(shards: number): BucketRange[] {
  const boundary = (shard: number): number => Math.floor((shard * bucketCount) / shards)
  return Array.from({ length: shards }, (_, shard) => ({
    first: boundary(shard),
    last: boundary(shard + 1) - 1,
  }))
}

/** The numbers of the shards that own buckets. */
export function activeShards(map: readonly MappedShard[]): number[] {
  return map.filter(({ buckets }) => buckets !== null).map(({ shard }) => shard)
}

/** How many partitions the checkpoint topic needs for all that the map remembers, retired shards included. */
export function checkpointPartitionsOf(map: readonly MappedShard[]): number {
  return Math.max(0, ...map.map(({ shard }) => shard)) + 1
}
