import { number } from '../decode.js'
import type { Statement } from '../statement.js'
import { bindClaim, type ClaimParams } from './place.js'

/**
 * Counts that the message at an offset is started, unless the position is beyond it. The position's row is locked first: the
 * statement waits for a handler that has it, as a handler would, and sees what that one has committed.
 */
export const startMessage: Statement<ClaimParams, number> = {
  name: 'inbox_claim.start',
  text: (schema) => `
    WITH held AS MATERIALIZED (
      SELECT next_offset FROM ${schema}.inbox_position
      WHERE inbox = $1::text AND topic = $2::text AND partition = $3::int
      FOR NO KEY UPDATE
    )
    INSERT INTO ${schema}.inbox_claim AS known (inbox, topic, partition, next_offset, claims, starts)
    SELECT $1::text, $2::text, $3::int, $4::bigint, 1, 1
    WHERE coalesce((SELECT next_offset FROM held), 0) <= $4::bigint
    ON CONFLICT (inbox, topic, partition) DO UPDATE SET next_offset = excluded.next_offset,
      claims = CASE WHEN known.next_offset = excluded.next_offset THEN known.claims ELSE 1 END,
      starts = CASE WHEN known.next_offset = excluded.next_offset THEN known.starts + 1 ELSE 1 END
    RETURNING starts`,
  bind: bindClaim,
  decode: (row) => number(row, 'starts'),
}
