import type { ParkedGroup } from '@pigeonhole/core'
import { bytesOrNull, counter, number, text, textOrNull } from '../decode.js'
import type { SqlRow } from '../statement.js'
import { type IsOf, isOfBlocked } from './of-blocked.js'
import { isoTime } from './row.js'

/** Blocked keys, and failed messages without a key, of the rows that meet `isOf`, by the columns of {@link listGroups}. */
export function failedGroups(schema: string, isOf: IsOf): string {
  return `
      SELECT 'key' AS kind, blocked.topic, blocked.key, held.first, held.messages, blocked.error_code,
        coalesce(blocked.error, '') AS error, blocked.attempts, blocked.parked_at AS since, blocked.retry_at
      FROM ${schema}.parked_key AS blocked
      CROSS JOIN LATERAL (
        SELECT min(message.id) AS first, count(*) AS messages FROM ${schema}.parked_message AS message
        WHERE ${isOf('message')} AND ${isOfBlocked('message', 'blocked')}
      ) AS held
      WHERE ${isOf('blocked')}
      UNION ALL
      SELECT 'message', topic, NULL, id, 1, error_code, error, attempts, parked_at, retry_at
      FROM ${schema}.parked_message AS message
      WHERE ${isOf('message')} AND key IS NULL AND error_code IS NOT NULL`
}

/** Lists groups, the oldest first. */
export function listGroups(grouped: string): string {
  return `
    WITH grouped AS (${grouped}
    )
    SELECT kind, topic, key, first::text AS first, messages::text AS messages, error_code, error, attempts,
      ${isoTime('since')} AS since_text, ${isoTime('retry_at')} AS retry_text
    FROM grouped
    ORDER BY since, topic, key, first`
}

export function decodeGroup(row: SqlRow): ParkedGroup {
  return {
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
  }
}
