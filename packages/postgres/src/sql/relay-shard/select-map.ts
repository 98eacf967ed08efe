import type { HeldShard } from '@pigeonhole/core'
import { number, textOrNull } from '../decode.js'
import { noParams, type Statement } from '../statement.js'
import { bucketColumns, decodeBuckets } from './row.js'

/** Every shard with what it owns and who holds it. */
export const selectShardMap: Statement<null, HeldShard> = {
  name: 'relay_shard.select_map',
  text: (schema) => `
    SELECT shard::int AS shard, lease_holder, ${bucketColumns}
    FROM ${schema}.relay_shard
    ORDER BY relay_shard.shard`,
  bind: noParams,
  decode: (row) => ({
    shard: number(row, 'shard'),
    buckets: decodeBuckets(row),
    holder: textOrNull(row, 'lease_holder'),
  }),
}
