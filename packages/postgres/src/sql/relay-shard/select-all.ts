import type { MappedShard, ShardStatus } from '@pigeonhole/core'
import { counter, number, textOrNull } from '../decode.js'
import { noParams, type Statement } from '../statement.js'
import { bucketColumns, decodeBuckets } from './row.js'

/** A shard and who holds it. */
export interface HeldShard extends MappedShard, Pick<ShardStatus, 'holder' | 'confirmed'> {
  readonly origin: string | null
}

/** Every shard with what it owns and who holds it. */
export const selectRelayShards: Statement<null, HeldShard> = {
  name: 'relay_shard.select_all',
  text: (schema) => `
    SELECT shard::int AS shard, lease_holder, confirmed::text AS confirmed, ${bucketColumns}, origin::text AS origin
    FROM ${schema}.relay_shard
    ORDER BY relay_shard.shard`,
  bind: noParams,
  decode: (row) => ({
    shard: number(row, 'shard'),
    buckets: decodeBuckets(row),
    origin: textOrNull(row, 'origin'),
    holder: textOrNull(row, 'lease_holder'),
    confirmed: counter(row, 'confirmed'),
  }),
}
