import type { MappedShard } from '@pigeonhole/core'
import { number } from '../decode.js'
import { noParams, type Statement } from '../statement.js'
import { bucketColumns, decodeBuckets } from './row.js'

/**
 * The shards on which PostgreSQL and Kafka agree. Not among them: one whose relay has halted or stopped, is opening, or
 * that is being adopted. What its confirmed batch covers may have to be sent again.
 */
export const selectAgreedShards: Statement<null, MappedShard> = {
  name: 'relay_shard.select_agreed',
  text: (schema) => `
    SELECT shard::int AS shard, ${bucketColumns}
    FROM ${schema}.relay_shard
    WHERE agreed_token = lease_token
    ORDER BY relay_shard.shard`,
  bind: noParams,
  decode: (row) => ({ shard: number(row, 'shard'), buckets: decodeBuckets(row) }),
}
