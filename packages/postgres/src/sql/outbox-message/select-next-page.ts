import type { BucketRange, PageBounds } from '@pigeonhole/core'
import type { Statement } from '../statement.js'
import { bindBuckets, ownedBetween } from './owned.js'
import {
  bindBounds,
  boundedByBytes,
  boundedColumns,
  decodePageRow,
  type PageRow,
  pageColumns,
} from './page.js'

/** What a later page of a capture is read with. */
export interface NextPageParams {
  readonly from: string
  readonly until: string
  readonly lastSeq: string
  readonly bounds: PageBounds
  /** Null: of no bucket. */
  readonly buckets: BucketRange | null
}

/**
 * Goes on with a capture: the rows visible in `until` and not in `from` behind `lastSeq`, by `seq`.
 *
 * `NOT pg_visible_in_snapshot` and not the form for the index on xid: here the primary key must lead, and a condition
 * that no index serves leaves the planner no other choice. 300,000 rows, pages of 5,000: 20 ms wherever the page lies;
 * behind the last row below 1.
 */
export const selectNextPage: Statement<NextPageParams, PageRow> = {
  name: 'outbox_message.select_next_page',
  text: (schema) => `
    WITH captured AS (
      SELECT ${pageColumns}
      FROM ${schema}.outbox_message AS message
      WHERE seq > $5::bigint
        AND ${ownedBetween('$6', '$7')}
        AND pg_visible_in_snapshot(xid, $4::pg_snapshot)
        AND NOT pg_visible_in_snapshot(xid, $1::pg_snapshot)
      ORDER BY seq
      LIMIT $2::int
    ), ${boundedByBytes}
    SELECT ${boundedColumns}
    FROM bounded
    WHERE bytes <= $3::bigint OR bytes = size
    ORDER BY seq`,
  bind: ({ from, until, lastSeq, bounds, buckets }) => [
    from,
    ...bindBounds(bounds),
    until,
    lastSeq,
    ...bindBuckets(buckets),
  ],
  decode: decodePageRow,
}
