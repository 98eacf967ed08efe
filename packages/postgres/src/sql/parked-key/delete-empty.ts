import { isOutgoing } from '../parked-message/own.js'
import { noParams, noRow, type Statement } from '../statement.js'

/** Unblocks every key of which nothing is left: one row for each. */
export const deleteEmptyKeys: Statement<null, null> = {
  name: 'parked_key.delete_empty',
  text: (schema) => `
    DELETE FROM ${schema}.parked_key AS blocked
    WHERE ${isOutgoing('blocked')}
      AND NOT EXISTS (
        SELECT FROM ${schema}.parked_message AS message
        WHERE message.side = blocked.side AND message.scope = blocked.scope AND message.topic = blocked.topic
          AND sha256(message.key) = blocked.key_digest)
    RETURNING 1 AS unblocked`,
  bind: noParams,
  decode: noRow,
}
