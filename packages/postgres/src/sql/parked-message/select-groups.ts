import type { ParkedGroup } from '@pigeonhole/core'
import { bytesOrNull, counter, number, text, textOrNull } from '../decode.js'
import { noParams, type Statement } from '../statement.js'
import { isHeldByPause, isOutgoing } from './own.js'
import { isoTime } from './row.js'

/** Blocked keys, parked messages without a key, and paused topics with what only their pause holds: the oldest first. */
export const selectParkedGroups: Statement<null, ParkedGroup> = {
  name: 'parked_message.select_groups',
  text: (schema) => `
    WITH grouped AS (
      SELECT 'key' AS kind, blocked.topic, blocked.key, min(message.id) AS first, count(message.id) AS messages,
        blocked.error_code, coalesce(blocked.error, '') AS error, blocked.attempts, blocked.parked_at AS since,
        blocked.retry_at
      FROM ${schema}.parked_key AS blocked
      LEFT JOIN ${schema}.parked_message AS message
        ON ${isOutgoing('message')} AND message.topic = blocked.topic AND message.key = blocked.key
      WHERE ${isOutgoing('blocked')}
      GROUP BY blocked.side, blocked.scope, blocked.topic, blocked.key
      UNION ALL
      SELECT 'message', topic, NULL, id, 1, error_code, error, attempts, parked_at, retry_at
      FROM ${schema}.parked_message AS message
      WHERE ${isOutgoing('message')} AND key IS NULL AND error_code IS NOT NULL
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
      GROUP BY paused.topic
    )
    SELECT kind, topic, key, first::text AS first, messages::text AS messages, error_code, error, attempts,
      ${isoTime('since')} AS since_text, ${isoTime('retry_at')} AS retry_text
    FROM grouped
    ORDER BY since, topic, key, first`,
  bind: noParams,
  decode: (row) => ({
    kind: text(row, 'kind') as ParkedGroup['kind'],
    topic: text(row, 'topic'),
    key: bytesOrNull(row, 'key'),
    id: textOrNull(row, 'first'),
    messages: counter(row, 'messages'),
    errorCode: textOrNull(row, 'error_code'),
    error: text(row, 'error'),
    attempts: number(row, 'attempts'),
    since: text(row, 'since_text'),
    retryAt: textOrNull(row, 'retry_text'),
  }),
}
