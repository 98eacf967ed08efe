import type { CapturedRow, PageBounds, StoredHeader } from '@pigeonhole/core'
import { bytesOrNull, number, numberOrNull, text } from '../decode.js'
import { bindBounds } from '../outbox-message/page.js'
import type { Statement } from '../statement.js'
import { isOutgoing, isOwn, ownShard } from './own.js'

/** Whose messages are released, and how many at once. */
export interface ReleaseParams {
  readonly shard: number
  readonly bounds: PageBounds
}

/**
 * The oldest parked messages that are to be sent again now. The oldest of all are the oldest of each key, too: what follows
 * a message never comes before it. A paused topic releases nothing before its own time; then what only its pause holds.
 */
export const selectReleases: Statement<ReleaseParams, CapturedRow> = {
  name: 'parked_message.select_releases',
  text: (schema) => `
    WITH ${ownShard(schema)},
    due AS (
      SELECT message.id,
        coalesce(octet_length(message.key), 0) + coalesce(octet_length(payload), 0) + octet_length(headers::text) AS size
      FROM ${schema}.parked_message AS message
      LEFT JOIN ${schema}.parked_key AS blocked
        ON ${isOutgoing('blocked')} AND blocked.topic = message.topic AND blocked.key = message.key
      LEFT JOIN ${schema}.paused_topic AS paused
        ON paused.shard = $1::smallint AND paused.topic = message.topic
      WHERE ${isOwn('message')}
        AND CASE
          WHEN paused.topic IS NOT NULL THEN paused.retry_at <= statement_timestamp() AND blocked.topic IS NULL
            AND (message.key IS NOT NULL OR message.error_code IS NULL)
          WHEN message.key IS NULL THEN message.retry_at <= statement_timestamp()
          ELSE blocked.retry_at <= statement_timestamp()
        END
      ORDER BY message.id
      LIMIT $2::int
    ), bounded AS (
      SELECT id, size, sum(size) OVER (ORDER BY id ROWS UNBOUNDED PRECEDING) AS bytes FROM due
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
