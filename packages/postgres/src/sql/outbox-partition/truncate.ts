import { noParams, noRow, type Statement } from '../statement.js'

/** Empties a partition, and gives its space back at the commit, whoever else has a snapshot open. */
export function truncatePartition(slot: number): Statement<null, null> {
  return {
    name: 'outbox_partition.truncate',
    text: (schema) => `TRUNCATE ${schema}.outbox_message_${slot}`,
    bind: noParams,
    decode: noRow,
  }
}
