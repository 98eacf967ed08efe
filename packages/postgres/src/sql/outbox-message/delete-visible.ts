import type { BucketRange, PageBounds } from '@pigeonhole/core'
import { bool, number } from '../decode.js'
import type { Statement } from '../statement.js'
import { bindBuckets, ownedBetween } from './owned.js'
import { bindBounds } from './page.js'

/** Which messages are deleted, and how many at most. */
export interface DeleteVisibleParams {
  readonly snapshot: string
  readonly bounds: PageBounds
  /** Null: of no bucket. */
  readonly buckets: BucketRange | null
}

/** What was deleted, and whether the bounds may have left more. */
export interface DeletedLot {
  readonly rows: number
  readonly more: boolean
}

/**
 * Deletes messages that are visible in a snapshot, oldest transaction first, as many as the bounds allow.
 *
 * By xid, so that the index ends the search where nothing more can be visible. 1,000,000 messages to delete, 5,000 at a
 * time: 6 ms each; none to delete among 1,200,000: 0.4 ms. Ordered by seq the latter takes 300 ms, without an order 120
 * until the table is analyzed. By ctid instead of seq it is no faster.
 *
 * Bounded in bytes as they are stored, because a large value is deleted chunk by chunk: 6 ms for each megabyte, so that
 * 1,500 messages of 900 kB would take longer than a relay's transaction may. The sizes are told without reading a value.
 */
export const deleteVisibleMessages: Statement<DeleteVisibleParams, DeletedLot> = {
  name: 'outbox_message.delete_visible',
  text: (schema) => `
    WITH visible AS (
      SELECT seq, xid,
        pg_column_size(headers) + coalesce(pg_column_size(key), 0) + coalesce(pg_column_size(payload), 0) AS size
      FROM ${schema}.outbox_message
      WHERE xid < pg_snapshot_xmax($1::pg_snapshot)
        AND ${ownedBetween('$4', '$5')}
        AND pg_visible_in_snapshot(xid, $1::pg_snapshot)
      ORDER BY xid
      LIMIT $2::int
    ), measured AS (
      SELECT seq, size, sum(size) OVER (ORDER BY xid, seq ROWS UNBOUNDED PRECEDING) AS bytes FROM visible
    ), deleted AS (
      DELETE FROM ${schema}.outbox_message
      WHERE seq = ANY (ARRAY(SELECT seq FROM measured WHERE bytes <= $3::bigint OR bytes = size))
      RETURNING seq
    ), counted AS (
      SELECT (SELECT count(*)::int FROM deleted) AS deleted, (SELECT count(*)::int FROM visible) AS visible
    )
    SELECT deleted, deleted < visible OR visible >= $2::int AS more FROM counted`,
  bind: ({ snapshot, bounds, buckets }) => [snapshot, ...bindBounds(bounds), ...bindBuckets(buckets)],
  decode: (row) => ({ rows: number(row, 'deleted'), more: bool(row, 'more') }),
}
