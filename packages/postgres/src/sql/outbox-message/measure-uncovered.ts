import type { BucketRange, Cursor } from '@pigeonhole/core'
import { bool, number, numberOrNull } from '../decode.js'
import type { Statement } from '../statement.js'
import { beyondSnapshot1 } from './beyond.js'
import { bindBuckets, ownedBetween } from './owned.js'
import { bindCursor } from './uncovered.js'

/** Which buckets are looked at, how far they have come, and how far to look. */
export interface MeasureUncoveredParams {
  readonly cursor: Cursor
  readonly buckets: BucketRange
  /** Most rows that are looked at in each of three places. */
  readonly limit: number
}

/** The messages that no batch up to a cursor holds, as far as they were looked at. */
export interface UncoveredMeasures {
  readonly pending: number
  readonly atLeast: boolean
  readonly oldestAgeSeconds: number | null
}

const covered = 'coalesce($2::pg_snapshot, $1::pg_snapshot)'

/**
 * Counts the messages of some buckets that no batch up to the cursor holds, in three places, each from its oldest end and
 * no further than the limit: what the capture under way has not read yet, by seq; what began after it, and what ran when
 * it began, by the index on xid. The conditions that no index serves come behind the limits: whatever lies in the way, no
 * more rows are read.
 */
export const measureUncoveredMessages: Statement<MeasureUncoveredParams, UncoveredMeasures> = {
  name: 'outbox_message.measure_uncovered',
  text: (schema) => `
    WITH looked AS MATERIALIZED (
      (SELECT 1 AS place, created_at, bucket,
        ${beyondSnapshot1} AND pg_visible_in_snapshot(xid, $2::pg_snapshot) AS unread
      FROM ${schema}.outbox_message
      WHERE $2::pg_snapshot IS NOT NULL AND seq > $3::bigint
      ORDER BY seq LIMIT $6::int)
      UNION ALL
      (SELECT 2, created_at, bucket, true
      FROM ${schema}.outbox_message
      WHERE xid >= pg_snapshot_xmax(${covered})
      ORDER BY xid LIMIT $6::int)
      UNION ALL
      (SELECT 3, created_at, bucket, true
      FROM ${schema}.outbox_message
      WHERE xid = ANY (ARRAY(SELECT pg_snapshot_xip(${covered})))
      LIMIT $6::int)
    ), pending AS (
      SELECT created_at FROM looked WHERE unread AND ${ownedBetween('$4', '$5')}
    )
    SELECT count(*)::int AS pending,
      EXISTS (SELECT FROM looked GROUP BY place HAVING count(*) >= $6::int) AS at_least,
      extract(epoch FROM clock_timestamp() - min(created_at))::float8 AS oldest_age_seconds
    FROM pending`,
  bind: ({ cursor, buckets, limit }) => [...bindCursor(cursor), ...bindBuckets(buckets), limit],
  decode: (row) => ({
    pending: number(row, 'pending'),
    atLeast: bool(row, 'at_least'),
    oldestAgeSeconds: numberOrNull(row, 'oldest_age_seconds'),
  }),
}
