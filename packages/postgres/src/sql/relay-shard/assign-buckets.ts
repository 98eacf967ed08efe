import type { BucketRange } from '@pigeonhole/core'
import { noRow, type Statement } from '../statement.js'

/** What each shard from 0 on owns, and where one that is new begins. */
export interface AssignBucketsParams {
  readonly ranges: readonly BucketRange[]
  readonly origin: string
}

/** Gives the shards from 0 on their buckets. One that is there keeps its origin: its cursor says how far it has come. */
export const assignBuckets: Statement<AssignBucketsParams, null> = {
  name: 'relay_shard.assign_buckets',
  text: (schema) => `
    INSERT INTO ${schema}.relay_shard (shard, first_bucket, last_bucket, origin)
    SELECT number - 1, first, last, $3::pg_snapshot
    FROM unnest($1::smallint[], $2::smallint[]) WITH ORDINALITY AS buckets (first, last, number)
    ON CONFLICT (shard) DO UPDATE SET first_bucket = excluded.first_bucket, last_bucket = excluded.last_bucket`,
  bind: ({ ranges, origin }) => [ranges.map(({ first }) => first), ranges.map(({ last }) => last), origin],
  decode: noRow,
}
