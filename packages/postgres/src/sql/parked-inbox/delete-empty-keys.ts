import { noRow, type Statement } from '../statement.js'
import { bindKeys, givenKeys, type KeysParams } from './keys.js'
import { isOf } from './own.js'

/** Of keys that the transaction has locked, unblocks those of which nothing is left: a row for each. */
export const deleteEmptyKeysOfInbox: Statement<KeysParams, null> = {
  name: 'parked_inbox.delete_empty_keys',
  text: (schema) => `
    DELETE FROM ${schema}.parked_key AS blocked
    WHERE ${isOf('blocked')} AND (blocked.topic, blocked.key) IN (${givenKeys(2)})
      AND NOT EXISTS (
        SELECT FROM ${schema}.parked_message AS message
        WHERE ${isOf('message')} AND message.topic = blocked.topic AND sha256(message.key) = blocked.key_digest)
    RETURNING 1 AS unblocked`,
  bind: ({ inbox, keys }) => [inbox, ...bindKeys(keys)],
  decode: noRow,
}
