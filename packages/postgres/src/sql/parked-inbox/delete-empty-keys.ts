import { hasMessage } from '../parked-message/of-blocked.js'
import { noRow, type Statement } from '../statement.js'
import { isOf } from './own.js'

/** Which keys of an inbox, by the places of their rows. */
export interface DeleteEmptyKeysParams {
  readonly inbox: string
  readonly places: readonly string[]
}

/** Of keys that the transaction has locked, unblocks those of which nothing is left: a row for each. */
export const deleteEmptyKeysOfInbox: Statement<DeleteEmptyKeysParams, null> = {
  name: 'parked_inbox.delete_empty_keys',
  text: (schema) => `
    DELETE FROM ${schema}.parked_key AS blocked
    WHERE ctid = ANY ($2::tid[]) AND NOT ${hasMessage(schema, isOf)}
    RETURNING 1 AS unblocked`,
  bind: ({ inbox, places }) => [inbox, places],
  decode: noRow,
}
