import { hasMessage } from '../parked-message/of-blocked.js'
import { isOutgoing } from '../parked-message/own.js'
import { noParams, noRow, type Statement } from '../statement.js'

/** Unblocks every key of which nothing is left: one row for each. */
export const deleteEmptyKeys: Statement<null, null> = {
  name: 'parked_key.delete_empty',
  text: (schema) => `
    DELETE FROM ${schema}.parked_key AS blocked
    WHERE ${isOutgoing('blocked')}
      AND NOT ${hasMessage(schema, isOutgoing)}
    RETURNING 1 AS unblocked`,
  bind: noParams,
  decode: noRow,
}
