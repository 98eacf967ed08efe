import { bytesFromBase64 } from '../base64.js'
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

/** Claims the key that has been due for longest and that nobody else is claiming. */
export const claimParkedKey: Statement<ClaimParams, ClaimRow> = {
  name: 'parked_inbox.claim_key',
  text: (schema) => `
    WITH due AS MATERIALIZED (
      SELECT topic, key, key_digest, ${foundByStarts}
      FROM ${schema}.parked_key AS blocked
      WHERE ${isOf('blocked')} AND topic = ANY ($2::text[]) AND retry_at <= statement_timestamp()
      ORDER BY retry_at
      LIMIT 1
      FOR NO KEY UPDATE SKIP LOCKED
    ), claimed AS (
      UPDATE ${schema}.parked_key AS blocked
      SET ${setClaimed('blocked')}
      FROM due
      WHERE ${isOf('blocked')} AND blocked.topic = due.topic AND blocked.key_digest = due.key_digest AND due.found <> 'suspect'
    )
    SELECT found, topic, encode(key, 'base64') AS key_text FROM due`,
  bind: bindClaim,
  decode: (row) =>
    claimOf(text(row, 'found'), {
      topic: text(row, 'topic'),
      key: bytesFromBase64(text(row, 'key_text')),
      id: null,
    }),
}
