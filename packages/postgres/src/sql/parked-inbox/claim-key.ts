import type { ParkedPlace } from '@pigeonhole/core'
import { bytesFromBase64 } from '../base64.js'
import { text } from '../decode.js'
import type { Statement } from '../statement.js'
import { bindClaim, type ClaimParams, claimedUntil } from './claim-terms.js'
import { isOf } from './own.js'

/** Claims the key that has been due for longest and that nobody else is claiming. */
export const claimParkedKey: Statement<ClaimParams, ParkedPlace> = {
  name: 'parked_inbox.claim_key',
  text: (schema) => `
    WITH due AS (
      SELECT topic, key FROM ${schema}.parked_key AS blocked
      WHERE ${isOf('blocked')} AND topic = ANY ($2::text[]) AND retry_at <= statement_timestamp()
      ORDER BY retry_at
      LIMIT 1
      FOR NO KEY UPDATE SKIP LOCKED
    )
    UPDATE ${schema}.parked_key AS blocked
    SET attempts = attempts + 1, retry_at = ${claimedUntil('attempts')}
    FROM due
    WHERE ${isOf('blocked')} AND blocked.topic = due.topic AND blocked.key = due.key
    RETURNING blocked.topic, encode(blocked.key, 'base64') AS key_text`,
  bind: bindClaim,
  decode: (row) => ({ topic: text(row, 'topic'), key: bytesFromBase64(text(row, 'key_text')), id: null }),
}
