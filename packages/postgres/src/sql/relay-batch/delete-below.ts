import { noRow, type Statement } from '../statement.js'

/** Which batches of which shard are removed. */
export interface DeleteRelayBatchesBelowParams {
  readonly shard: number
  readonly number: number
}

/** Removes the batches of a shard below a number. */
export const deleteRelayBatchesBelow: Statement<DeleteRelayBatchesBelowParams, null> = {
  name: 'relay_batch.delete_below',
  text: (schema) => `DELETE FROM ${schema}.relay_batch WHERE shard = $1::smallint AND number < $2::bigint`,
  bind: ({ shard, number }) => [shard, String(number)],
  decode: noRow,
}
