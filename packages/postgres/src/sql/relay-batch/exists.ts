import { bool } from '../decode.js'
import type { Statement } from '../statement.js'

/** Which batch of which shard. */
export interface ExistsRelayBatchParams {
  readonly shard: number
  readonly number: number
  readonly token: string
}

/** Whether a shard has a batch of this number and token. */
export const existsRelayBatch: Statement<ExistsRelayBatchParams, boolean> = {
  name: 'relay_batch.exists',
  text: (schema) => `
    SELECT EXISTS (
      SELECT FROM ${schema}.relay_batch WHERE shard = $1::smallint AND number = $2::bigint AND token = $3::text
    ) AS is_there`,
  bind: ({ shard, number, token }) => [shard, String(number), token],
  decode: (row) => bool(row, 'is_there'),
}
