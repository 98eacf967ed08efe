import { noRow, type Statement } from '../statement.js'
import { isKey, isOf } from './own.js'
import { bindKey, type PlaceParams } from './place.js'

/** A parked message and what is parked with it. */
export interface RemoveParams extends PlaceParams {
  readonly id: string
}

/** Removes a message, and makes its key due at once, with a new count of attempts. */
export const removeParked: Statement<RemoveParams, null> = {
  name: 'parked_inbox.remove',
  text: (schema) => `
    WITH removed AS (
      DELETE FROM ${schema}.parked_message AS message WHERE ${isOf('message')} AND message.id = $4::bigint
    )
    UPDATE ${schema}.parked_key AS blocked SET attempts = 0, starts = 0, retry_at = statement_timestamp()
    WHERE ${isKey('blocked')}`,
  bind: (params) => [...bindKey(params), params.id],
  decode: noRow,
}
