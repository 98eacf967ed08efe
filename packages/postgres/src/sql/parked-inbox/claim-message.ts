import { text } from '../decode.js'
import type { Statement } from '../statement.js'
import {
  bindClaim,
  type ClaimParams,
  type ClaimRow,
  claimOf,
  foundByStarts,
  setClaimed,
} from './claim-terms.js'
import { isOf } from './own.js'

/** Claims the message without a key that has been due for longest and that nobody else is claiming. */
export const claimParkedMessage: Statement<ClaimParams, ClaimRow> = {
  name: 'parked_inbox.claim_message',
  text: (schema) => `
    WITH due AS MATERIALIZED (
      SELECT id, topic, ${foundByStarts}
      FROM ${schema}.parked_message AS message
      WHERE ${isOf('message')} AND topic = ANY ($2::text[]) AND key IS NULL AND retry_at <= statement_timestamp()
      ORDER BY retry_at
      LIMIT 1
      FOR NO KEY UPDATE SKIP LOCKED
    ), claimed AS (
      UPDATE ${schema}.parked_message AS message
      SET ${setClaimed('message')}
      FROM due
      WHERE message.id = due.id AND due.found <> 'suspect'
    )
    SELECT found, topic, id::text AS place FROM due`,
  bind: bindClaim,
  decode: (row) =>
    claimOf(text(row, 'found'), { topic: text(row, 'topic'), key: null, id: text(row, 'place') }),
}
