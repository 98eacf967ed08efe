import type { PositionRewind } from '@pigeonhole/core'
import { lockRetention } from '../inbox-retention/lock.js'
import { noRow, type Statement } from '../statement.js'

/**
 * Moves a position back, if it stands where it is thought to, and forgets what was noted of starts: whoever rewinds to a message that
 * killed its process has mended that. No id is forgotten until the position is back where it stood. A row says that it has moved.
 */
export const rewindInboxPosition: Statement<PositionRewind, null> = {
  name: 'inbox_position.rewind',
  text: (schema) => `
    WITH held AS (${lockRetention(schema)}
    ), moved AS (
      UPDATE ${schema}.inbox_position
      SET next_offset = $5::bigint, replayed_until = greatest(replayed_until, next_offset)
      WHERE inbox = $1::text AND topic = $2::text AND partition = $3::int AND next_offset = $4::bigint
      RETURNING inbox, topic, partition
    ), forgotten AS (
      UPDATE ${schema}.inbox_claim AS held SET claims = 0, starts = 0
      FROM moved
      WHERE held.inbox = moved.inbox AND held.topic = moved.topic AND held.partition = moved.partition
    )
    SELECT 1 AS moved FROM moved`,
  bind: ({ inbox, topic, partition, from, to }) => [inbox, topic, partition, String(from), String(to)],
  decode: noRow,
}
