import { number } from '../decode.js'
import { noParams, type Statement } from '../statement.js'

/** The shards that own something, and on which nobody is known to have seen PostgreSQL and Kafka agree. */
export const selectUnsettledShards: Statement<null, number> = {
  name: 'relay_shard.select_unsettled',
  text: (schema) => `
    SELECT shard::int AS shard
    FROM ${schema}.relay_shard
    WHERE first_bucket IS NOT NULL AND (agreed_token = lease_token) IS NOT TRUE
    ORDER BY relay_shard.shard`,
  bind: noParams,
  decode: (row) => number(row, 'shard'),
}
