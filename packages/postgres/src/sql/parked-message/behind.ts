import type { WaitingKey } from '@pigeonhole/core'
import { bytesFromBase64 } from '../base64.js'
import { text } from '../decode.js'
import type { SqlRow } from '../statement.js'
import { type IsOf, isOfBlocked } from './of-blocked.js'
import { isoTime } from './row.js'

/**
 * The keys whose oldest message is deleted, and how many are behind what is deleted of each, as the query of a CTE `begun`. It follows
 * `meant`: the topic and key_digest of deleted messages, the first of each key, and how many they are. Both are of one snapshot, in
 * which all of them are there.
 */
export function keysBegunAnew(schema: string, isOf: IsOf): string {
  return `
      SELECT meant.*, held.messages - meant.messages AS behind
      FROM meant
      CROSS JOIN LATERAL (
        SELECT min(message.id) AS first, count(*) AS messages FROM ${schema}.parked_message AS message
        WHERE ${isOf('message')} AND ${isOfBlocked('message', 'meant')}
      ) AS held
      WHERE held.first = meant.first`
}

/** Those of the CTE `begun` that are blocked and of which something is left, for {@link decodeBehind}. OFFSET: no join is made of it. */
export function waitingKeys(schema: string, isOf: IsOf): string {
  return `(
        SELECT coalesce(json_agg(json_build_object('topic', blocked.topic, 'key', encode(blocked.key, 'base64'),
          'messages', begun.behind, 'retryAt', ${isoTime('blocked.retry_at')}) ORDER BY begun.first), '[]')::text
        FROM begun
        CROSS JOIN LATERAL (
          SELECT topic, key, retry_at FROM ${schema}.parked_key AS blocked
          WHERE ${isOf('blocked')} AND blocked.topic = begun.topic AND blocked.key_digest = begun.key_digest
          OFFSET 0
        ) AS blocked
        WHERE begun.behind > 0)`
}

export function decodeBehind(row: SqlRow): WaitingKey[] {
  const keys = JSON.parse(text(row, 'behind')) as (Omit<WaitingKey, 'key'> & { readonly key: string })[]
  return keys.map(({ key, ...rest }) => ({ ...rest, key: bytesFromBase64(key) }))
}
