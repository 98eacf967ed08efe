import { noParams, noRow, type Statement } from '../statement.js'

/** Locks a partition against everybody: nobody holds a row in it that is not committed then. */
export function lockPartition(slot: number): Statement<null, null> {
  return {
    name: 'outbox_partition.lock',
    text: (schema) => `LOCK TABLE ${schema}.outbox_message_${slot} IN ACCESS EXCLUSIVE MODE`,
    bind: noParams,
    decode: noRow,
  }
}
