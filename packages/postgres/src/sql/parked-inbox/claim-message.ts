import type { ParkedPlace } from '@pigeonhole/core'
import { text } from '../decode.js'
import type { Statement } from '../statement.js'
import { bindClaim, type ClaimParams, claimedUntil } from './claim-terms.js'
import { isOf } from './own.js'

/** Claims the message without a key that has been due for longest and that nobody else is claiming. */
export const claimParkedMessage: Statement<ClaimParams, ParkedPlace> = {
  name: 'parked_inbox.claim_message',
  text: (schema) => `
    WITH due AS (
      SELECT id FROM ${schema}.parked_message AS message
      WHERE ${isOf('message')} AND topic = ANY ($2::text[]) AND key IS NULL AND retry_at <= statement_timestamp()
      ORDER BY retry_at
      LIMIT 1
      FOR NO KEY UPDATE SKIP LOCKED
    )
    UPDATE ${schema}.parked_message AS message
    SET attempts = attempts + 1, retry_at = ${claimedUntil('attempts')}
    FROM due
    WHERE message.id = due.id
    RETURNING message.topic, message.id::text AS place`,
  bind: bindClaim,
  decode: (row) => ({ topic: text(row, 'topic'), key: null, id: text(row, 'place') }),
}
