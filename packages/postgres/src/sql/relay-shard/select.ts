import type { BucketRange, Lease } from '@pigeonhole/core'
import { counter, textOrNull } from '../decode.js'
import type { Statement } from '../statement.js'
import { bucketColumns, decodeBuckets } from './row.js'

/** A shard as its row has it. */
export interface RelayShard {
  readonly lease: Lease
  readonly buckets: BucketRange | null
  readonly origin: string | null
}

/** One shard. */
export const selectRelayShard: Statement<number, RelayShard> = {
  name: 'relay_shard.select',
  text: (schema) => `
    SELECT lease_holder, lease_token, renewal::text AS renewal, confirmed::text AS confirmed,
      ${bucketColumns}, origin::text AS origin
    FROM ${schema}.relay_shard
    WHERE shard = $1::smallint`,
  bind: (shard) => [shard],
  decode: (row) => ({
    lease: {
      holder: textOrNull(row, 'lease_holder'),
      token: textOrNull(row, 'lease_token'),
      renewal: counter(row, 'renewal'),
      confirmed: counter(row, 'confirmed'),
    },
    buckets: decodeBuckets(row),
    origin: textOrNull(row, 'origin'),
  }),
}
