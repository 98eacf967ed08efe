import type { BucketRange } from '@pigeonhole/core'

/**
 * The condition that a row's bucket is one of `first` to `last`, which are placeholders. Their values are known when the
 * statement is planned, so that a shard that owns everything has no condition at all: the plan of one shard is what it
 * would be without shards.
 */
export function ownedBetween(first: string, last: string): string {
  return `(${first}::smallint <= 0 AND ${last}::smallint >= 255 OR bucket BETWEEN ${first}::smallint AND ${last}::smallint)`
}

/** The condition that a row's bucket is one that the shard `shard`, a placeholder, owns. */
export function ownedByShard(schema: string, shard: string): string {
  const boundary = (column: string): string =>
    `(SELECT ${column} FROM ${schema}.relay_shard WHERE shard = ${shard}::smallint)`
  return `bucket BETWEEN ${boundary('first_bucket')} AND ${boundary('last_bucket')}`
}

// No bucket lies between these: a retired shard owns none.
const nothing: BucketRange = { first: 1, last: 0 }

/** The placeholders of {@link ownedBetween}. */
export function bindBuckets(buckets: BucketRange | null): [number, number] {
  const { first, last } = buckets ?? nothing
  return [first, last]
}
