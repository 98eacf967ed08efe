import type { ShardStatus } from '@pigeonhole/core'
import { counter, number, textOrNull } from '../decode.js'
import { noParams, type Statement } from '../statement.js'

/** Every shard as `status` shows it. */
export const selectRelayShards: Statement<null, ShardStatus> = {
  name: 'relay_shard.select_all',
  text: (schema) => `
    SELECT shard::int AS shard, lease_holder, confirmed::text AS confirmed
    FROM ${schema}.relay_shard
    ORDER BY relay_shard.shard`,
  bind: noParams,
  decode: (row) => ({
    shard: number(row, 'shard'),
    holder: textOrNull(row, 'lease_holder'),
    confirmed: counter(row, 'confirmed'),
  }),
}
