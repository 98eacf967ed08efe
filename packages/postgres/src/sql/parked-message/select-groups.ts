import type { ParkedGroup } from '@pigeonhole/core'
import { noParams, type Statement } from '../statement.js'
import { decodeGroup, failedGroups, listGroups } from './groups.js'
import { heldByPause } from './held-by-pause.js'
import { isOutgoing } from './own.js'

/** Blocked keys, parked messages without a key, and paused topics with what only their pause holds: the oldest first. */
export const selectParkedGroups: Statement<null, ParkedGroup> = {
  name: 'parked_message.select_groups',
  text: (schema) =>
    listGroups(`${failedGroups(schema, isOutgoing)}
      UNION ALL
      SELECT 'topic', paused.topic, NULL, held.first, coalesce(held.messages, 0), paused.error_code, paused.error,
        paused.attempts, paused.paused_at, paused.retry_at
      FROM (
        SELECT topic, max(error_code) AS error_code, max(error) AS error, max(attempts) AS attempts,
          min(paused_at) AS paused_at, min(retry_at) AS retry_at
        FROM ${schema}.paused_topic
        GROUP BY topic
      ) AS paused
      LEFT JOIN (${heldByPause(schema, isOutgoing('message'))}
      ) AS held ON held.topic = paused.topic`),
  bind: noParams,
  decode: decodeGroup,
}
