import type { ParkedGroup } from '@pigeonhole/core'
import { noParams, type Statement } from '../statement.js'
import { decodeGroup, failedGroups, listGroups } from './groups.js'
import { isHeldByPause, isOutgoing } from './own.js'

/** Blocked keys, parked messages without a key, and paused topics with what only their pause holds: the oldest first. */
export const selectParkedGroups: Statement<null, ParkedGroup> = {
  name: 'parked_message.select_groups',
  text: (schema) =>
    listGroups(`${failedGroups(schema, isOutgoing)}
      UNION ALL
      SELECT 'topic', paused.topic, NULL, min(message.id), count(message.id), max(paused.error_code), max(paused.error),
        max(paused.attempts), min(paused.paused_at), min(paused.retry_at)
      FROM (
        SELECT topic, max(error_code) AS error_code, max(error) AS error, max(attempts) AS attempts,
          min(paused_at) AS paused_at, min(retry_at) AS retry_at
        FROM ${schema}.paused_topic
        GROUP BY topic
      ) AS paused
      LEFT JOIN ${schema}.parked_message AS message
        ON ${isOutgoing('message')} AND message.topic = paused.topic AND ${isHeldByPause(schema, 'message')}
      GROUP BY paused.topic`),
  bind: noParams,
  decode: decodeGroup,
}
