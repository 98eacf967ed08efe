import type { RelayBatch } from '@pigeonhole/core'
import type { Statement } from '../statement.js'
import { decodeRelayBatch, relayBatchColumns } from './row.js'

/** Every batch of a shard, in the order of their numbers. */
export const selectRelayBatches: Statement<number, RelayBatch> = {
  name: 'relay_batch.select_all',
  text: (schema) => `
    SELECT ${relayBatchColumns}
    FROM ${schema}.relay_batch
    WHERE shard = $1::smallint
    ORDER BY relay_batch.number, relay_batch.token`,
  bind: (shard) => [shard],
  decode: decodeRelayBatch,
}
