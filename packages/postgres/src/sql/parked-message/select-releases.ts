import type { CapturedRow, PageBounds, StoredHeader } from '@pigeonhole/core'
import { bytesOrNull, number, numberOrNull, text } from '../decode.js'
import { bindBounds } from '../outbox-message/page.js'
import type { Statement } from '../statement.js'
import { oldestOfBlocked } from './of-blocked.js'
import { isHeldByPause, isOutgoing, isOwn, ownShard } from './own.js'

/** Whose messages are released, and how many at once. */
export interface ReleaseParams {
  readonly shard: number
  readonly bounds: PageBounds
}

/**
 * The oldest parked messages that are to be sent again now. The oldest of all are the oldest of each key, too: what follows
 * a message never comes before it. A paused topic releases nothing before its own time; then what only its pause holds.
 *
 * It begins with the keys and messages that are due, so that it does not walk what is parked behind others.
 */
export const selectReleases: Statement<ReleaseParams, CapturedRow> = {
  name: 'parked_message.select_releases',
  text: (schema) => `
    WITH ${ownShard(schema)},
    paused AS (
      SELECT topic, retry_at <= statement_timestamp() AS over FROM ${schema}.paused_topic WHERE shard = $1::smallint
    ), due AS (
      SELECT oldest.id
      FROM ${schema}.parked_key AS blocked
      CROSS JOIN LATERAL (${oldestOfBlocked(schema, isOutgoing, '$2::int')}
      ) AS oldest
      WHERE ${isOwn('blocked')} AND blocked.retry_at <= statement_timestamp()
        AND blocked.topic NOT IN (SELECT topic FROM paused)
      UNION ALL
      SELECT message.id FROM ${schema}.parked_message AS message
      WHERE ${isOwn('message')} AND message.key IS NULL AND message.retry_at <= statement_timestamp()
        AND message.topic NOT IN (SELECT topic FROM paused)
      UNION ALL
      SELECT message.id FROM paused
      JOIN ${schema}.parked_message AS message USING (topic)
      WHERE paused.over AND ${isOwn('message')} AND ${isHeldByPause(schema, 'message')}
    ), oldest AS (
      SELECT id FROM due ORDER BY id LIMIT $2::int
    ), sized AS (
      SELECT id,
        coalesce(octet_length(key), 0) + coalesce(octet_length(payload), 0) + octet_length(headers::text) AS size
      FROM ${schema}.parked_message
      WHERE id = ANY (ARRAY(SELECT id FROM oldest))
    ), bounded AS (
      SELECT id, size, sum(size) OVER (ORDER BY id ROWS UNBOUNDED PRECEDING) AS bytes FROM sized
    )
    SELECT id::text AS place, message_id, topic, key, partition, bucket::int AS bucket, headers::text AS headers, payload
    FROM ${schema}.parked_message
    WHERE id = ANY (ARRAY(SELECT id FROM bounded WHERE bytes <= $3::bigint OR bytes = size))
    ORDER BY id`,
  bind: ({ shard, bounds }) => [shard, ...bindBounds(bounds)],
  decode: (row) => ({
    seq: text(row, 'place'),
    id: text(row, 'message_id'),
    topic: text(row, 'topic'),
    key: bytesOrNull(row, 'key'),
    partition: numberOrNull(row, 'partition'),
    bucket: number(row, 'bucket'),
    headers: JSON.parse(text(row, 'headers')) as StoredHeader[],
    payload: bytesOrNull(row, 'payload'),
  }),
}
