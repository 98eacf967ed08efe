import { noRow, type Statement } from '../statement.js'
import { isKey } from './own.js'
import { bindKey, type PlaceParams } from './place.js'

/**
 * Ends the claim of a key of which nothing is left, and takes its attempt back. Not where somebody handles a message of it: that
 * claim is another one, which an operator has brought about.
 */
export const leaveParkedKey: Statement<PlaceParams, null> = {
  name: 'parked_inbox.leave_key',
  text: (schema) => `
    WITH idle AS MATERIALIZED (
      SELECT 1 FROM ${schema}.parked_key AS blocked WHERE ${isKey('blocked')} FOR NO KEY UPDATE SKIP LOCKED
    )
    UPDATE ${schema}.parked_key AS blocked
    SET attempts = greatest(attempts - 1, 0), starts = greatest(starts - 1, 0), retry_at = statement_timestamp()
    FROM idle
    WHERE ${isKey('blocked')}`,
  bind: bindKey,
  decode: noRow,
}
