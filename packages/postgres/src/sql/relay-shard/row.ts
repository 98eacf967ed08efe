import type { BucketRange } from '@pigeonhole/core'
import { number, numberOrNull } from '../decode.js'
import type { SqlRow } from '../statement.js'

/** The buckets of a shard, as they are read. */
export const bucketColumns = 'first_bucket::int AS first_bucket, last_bucket::int AS last_bucket'

/** Null: the shard is retired. */
export function decodeBuckets(row: SqlRow): BucketRange | null {
  const first = numberOrNull(row, 'first_bucket')
  return first === null ? null : { first, last: number(row, 'last_bucket') }
}
