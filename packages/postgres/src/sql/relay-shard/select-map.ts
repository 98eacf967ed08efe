import type { MappedShard } from '@pigeonhole/core'
import { number } from '../decode.js'
import { noParams, type Statement } from '../statement.js'
import { bucketColumns, decodeBuckets } from './row.js'

/** Every shard with what it owns. */
export const selectShardMap: Statement<null, MappedShard> = {
  name: 'relay_shard.select_map',
  text: (schema) => `
    SELECT shard::int AS shard, ${bucketColumns}
    FROM ${schema}.relay_shard
    ORDER BY relay_shard.shard`,
  bind: noParams,
  decode: (row) => ({ shard: number(row, 'shard'), buckets: decodeBuckets(row) }),
}
