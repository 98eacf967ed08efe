import { noParams, noRow, type Statement } from '../statement.js'

/** Locks every shard, in their order: whoever holds this takes turns with all guarded transactions. */
export const lockRelayShards: Statement<null, null> = {
  name: 'relay_shard.lock_all',
  text: (schema) => `SELECT 1 AS locked FROM ${schema}.relay_shard ORDER BY shard FOR NO KEY UPDATE`,
  bind: noParams,
  decode: noRow,
}
