import type { BucketRange, PageBounds } from '@pigeonhole/core'
import { text } from '../decode.js'
import { slots } from '../outbox-partition/slots.js'
import type { Statement } from '../statement.js'
import { beyondSnapshot1 } from './beyond.js'
import { bindBuckets, ownedBetween } from './owned.js'
import {
  bindBounds,
  boundedByBytes,
  boundedColumns,
  decodePageRow,
  type PageRow,
  pageColumns,
} from './page.js'

// A place is one in a partition: another partition has another row there.
function placedIn(schema: string, slot: number): string {
  return `
      SELECT ${pageColumns}
      FROM ${schema}.outbox_message AS message
      WHERE slot = ${slot} AND ctid = ANY (ARRAY(SELECT ctid FROM found WHERE slot = ${slot}))`
}

/** A row of a first page, with the snapshot that the capture goes up to. */
export interface FirstPageRow extends PageRow {
  readonly until: string
}

/** What a first page is read with. */
export interface FirstPageParams {
  /** The snapshot up to which everything is captured. */
  readonly from: string
  readonly bounds: PageBounds
  /** Null: of no bucket. */
  readonly buckets: BucketRange | null
}

/**
 * Begins a capture: the rows that are visible in this statement's own snapshot and not in `from`, by `seq`.
 *
 * The snapshot is asked for once, in a materialized CTE, and used through a scalar subquery: written into the condition it
 * is computed and parsed for every row (300,000 rows: 8 s). That a row is visible in it follows from reading the row,
 * unless another server gave the row its xid (a restored or copied table): such a row must not be captured by a snapshot
 * that does not cover it, or it would be captured again.
 *
 * The rows are found first and fetched by their place afterwards, so that only numbers are sorted where the index on xid
 * finds them. 300,000 rows of 200 B, pages of 5,000, ms to the client, PostgreSQL 15 and 18 alike: a backlog 17 to 25; one
 * whose statistics are from before it 100, once a capture (whole rows sorted: 370 to 580); nothing new behind 300,000
 * retained or dead rows 0.5, or a walk past all of them where the statistics expect many new ones, which is why a relay
 * asks first whether there is any. These are custom plans: the statement has no name, so its values are known to the planner.
 */
export const selectFirstPage: Statement<FirstPageParams, FirstPageRow> = {
  name: 'outbox_message.select_first_page',
  text: (schema) => `
    WITH server AS MATERIALIZED (SELECT pg_current_snapshot() AS snapshot),
    found AS MATERIALIZED (
      SELECT slot, ctid
      FROM ${schema}.outbox_message
      WHERE ${beyondSnapshot1}
        AND ${ownedBetween('$4', '$5')}
        AND pg_visible_in_snapshot(xid, (SELECT snapshot FROM server))
      ORDER BY seq
      LIMIT $2::int
    ),
    captured AS (${slots.map((slot) => placedIn(schema, slot)).join(' UNION ALL ')}
    ), ${boundedByBytes}
    SELECT ${boundedColumns}, (SELECT snapshot::text FROM server) AS until
    FROM bounded
    WHERE bytes <= $3::bigint OR bytes = size
    ORDER BY seq`,
  bind: ({ from, bounds, buckets }) => [from, ...bindBounds(bounds), ...bindBuckets(buckets)],
  decode: (row) => ({ ...decodePageRow(row), until: text(row, 'until') }),
}
