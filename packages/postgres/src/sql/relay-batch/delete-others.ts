import { noRow, type Statement } from '../statement.js'

/** The batch of a shard that stays. */
export interface DeleteOtherRelayBatchesParams {
  readonly shard: number
  readonly keep: { readonly number: number; readonly token: string } | null
}

/** Removes every batch of a shard but one, or all. */
export const deleteOtherRelayBatches: Statement<DeleteOtherRelayBatchesParams, null> = {
  name: 'relay_batch.delete_others',
  text: (schema) => `
    DELETE FROM ${schema}.relay_batch
    WHERE shard = $1::smallint AND (number, token) IS DISTINCT FROM ($2::bigint, $3::text)`,
  bind: ({ shard, keep }) => [shard, keep && String(keep.number), keep?.token ?? null],
  decode: noRow,
}
