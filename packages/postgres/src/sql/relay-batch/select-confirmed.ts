import type { RelayBatch } from '@pigeonhole/core'
import type { Statement } from '../statement.js'
import { decodeRelayBatch, relayBatchColumns } from './row.js'

/** The batch of a shard that Kafka is known to have acknowledged; none before genesis. */
export const selectConfirmedRelayBatch: Statement<number, RelayBatch> = {
  name: 'relay_batch.select_confirmed',
  text: (schema) => `
    SELECT ${relayBatchColumns}
    FROM ${schema}.relay_batch
    JOIN ${schema}.relay_shard USING (shard)
    WHERE shard = $1::smallint AND relay_batch.number = relay_shard.confirmed`,
  bind: (shard) => [shard],
  decode: decodeRelayBatch,
}
