import type { BucketRange, Cursor } from '@pigeonhole/core'
import { bool } from '../decode.js'
import type { Statement } from '../statement.js'
import { beyondSnapshot1 } from './beyond.js'
import { bindBuckets, ownedBetween } from './owned.js'
import { bindCursor } from './uncovered.js'

/** Which buckets of which partition, and how far they have come. */
export interface UncoveredInSlotParams {
  readonly slot: number
  readonly cursor: Cursor
  readonly buckets: BucketRange
}

const covered = 'coalesce($2::pg_snapshot, $1::pg_snapshot)'

/**
 * Whether a partition has a message of some buckets that no batch up to the cursor holds. In three places, as a measurement
 * looks: what began after the cursor, what ran then, and what of a capture under way is not read yet. Each by an index from
 * its newest end, so that a partition that is covered is not read through, nor one of which nothing is covered.
 */
export const existsUncoveredMessageInSlot: Statement<UncoveredInSlotParams, boolean> = {
  name: 'outbox_message.exists_uncovered_in_slot',
  text: (schema) => `
    SELECT EXISTS (
      SELECT FROM (
        SELECT bucket FROM ${schema}.outbox_message
        WHERE slot = $6::smallint AND xid >= pg_snapshot_xmax(${covered})
        ORDER BY xid DESC
      ) AS newer
      WHERE ${ownedBetween('$4', '$5')}
    ) OR EXISTS (
      SELECT FROM (
        SELECT bucket FROM ${schema}.outbox_message
        WHERE slot = $6::smallint AND xid = ANY (ARRAY(SELECT pg_snapshot_xip(${covered})))
        ORDER BY xid DESC
      ) AS running
      WHERE ${ownedBetween('$4', '$5')}
    ) OR EXISTS (
      SELECT FROM (
        SELECT xid, bucket FROM ${schema}.outbox_message
        WHERE slot = $6::smallint AND $2::pg_snapshot IS NOT NULL AND seq > $3::bigint
        ORDER BY seq DESC
      ) AS unread
      WHERE ${beyondSnapshot1} AND ${ownedBetween('$4', '$5')}
    ) AS found`,
  bind: ({ slot, cursor, buckets }) => [...bindCursor(cursor), ...bindBuckets(buckets), slot],
  decode: (row) => bool(row, 'found'),
}
