import type { HeldShard, ShardStatus } from '@pigeonhole/core'
import { counter, number, textOrNull } from '../decode.js'
import { noParams, type Statement } from '../statement.js'
import { bucketColumns, decodeBuckets } from './row.js'

/** A shard, who holds it, and how far it has come. */
export interface ShardProgress extends HeldShard, Pick<ShardStatus, 'confirmed'> {
  readonly origin: string | null
}

/** Every shard with what it owns, who holds it, and how far it has come. */
export const selectRelayShards: Statement<null, ShardProgress> = {
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
