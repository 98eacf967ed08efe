import { noRow, type Statement } from '../statement.js'
import { isKey, isOfKey } from './own.js'
import { bindKey, type PlaceParams } from './place.js'

/** Unblocks a key that the transaction has locked, if nothing of it is left: one row then. */
export const deleteEmptyKey: Statement<PlaceParams, null> = {
  name: 'parked_inbox.delete_empty_key',
  text: (schema) => `
    DELETE FROM ${schema}.parked_key AS blocked
    WHERE ${isKey('blocked')}
      AND NOT EXISTS (SELECT FROM ${schema}.parked_message AS message WHERE ${isOfKey('message')})
    RETURNING 1 AS unblocked`,
  bind: bindKey,
  decode: noRow,
}
