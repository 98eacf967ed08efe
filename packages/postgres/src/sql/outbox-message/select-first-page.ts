import type { PageBounds } from '@pigeonhole/core'
import { text } from '../decode.js'
import type { Statement } from '../statement.js'
import { beyondSnapshot1 } from './beyond.js'
import {
  bindBounds,
  boundedByBytes,
  boundedColumns,
  decodePageRow,
  type PageRow,
  pageColumns,
} from './page.js'

/** A row of a first page, with the snapshot that the capture goes up to. */
export interface FirstPageRow extends PageRow {
  readonly until: string
}

/** What a first page is read with. */
export interface FirstPageParams {
  /** The snapshot up to which everything is captured. */
  readonly from: string
  readonly bounds: PageBounds
}

/**
 * Begins a capture: the rows that are visible in this statement's own snapshot and not in `from`, by `seq`.
 *
 * The statement's snapshot is asked for once, in a materialized CTE, and used through a scalar subquery: written into
 * the condition it is computed and parsed for every row (300,000 rows: 8 s). That a row is visible in it follows from
 * reading the row, except that the row's xid may be of a transaction that this very server has not run (a restored or
 * copied table): such rows must not be captured by a snapshot that does not cover them, or they would come again.
 *
 * 300,000 rows of 200 B, pages of 5,000, ms to the client, PostgreSQL 15 and 18 alike: a backlog 23, whether the table
 * was last analyzed full or empty; the backlog behind 300,000 retained rows, with statistics from before it, 100
 * (bitmap scan and sort, once a capture); nothing new behind 300,000 retained rows, or behind 300,000 dead ones, below 1.
 */
export const selectFirstPage: Statement<FirstPageParams, FirstPageRow> = {
  name: 'outbox_message.select_first_page',
  text: (schema) => `
    WITH server AS MATERIALIZED (SELECT pg_current_snapshot() AS snapshot),
    captured AS (
      SELECT ${pageColumns}
      FROM ${schema}.outbox_message
      WHERE ${beyondSnapshot1}
        AND pg_visible_in_snapshot(xid, (SELECT snapshot FROM server))
      ORDER BY seq
      LIMIT $2::int
    ), ${boundedByBytes}
    SELECT ${boundedColumns}, (SELECT snapshot::text FROM server) AS until
    FROM bounded
    WHERE bytes <= $3::bigint OR bytes = size
    ORDER BY seq`,
  bind: ({ from, bounds }) => [from, ...bindBounds(bounds)],
  decode: (row) => ({ ...decodePageRow(row), until: text(row, 'until') }),
}
