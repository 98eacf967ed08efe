import type { BucketRange, Cursor } from '@pigeonhole/core'
import { counter, numberOrNull } from '../decode.js'
import type { Statement } from '../statement.js'
import { beyondSnapshot1 } from './beyond.js'
import { bindBuckets, ownedBetween } from './owned.js'
import { bindCursor, unreadByCursor } from './uncovered.js'

/** Which buckets are looked at, and how far they have come. */
export interface SummariseUncoveredParams {
  readonly cursor: Cursor
  readonly buckets: BucketRange
}

/** The messages that no batch up to a cursor holds. */
export interface UncoveredSummary {
  readonly pending: number
  /** By the database's clock. */
  readonly oldestAgeSeconds: number | null
}

/** Counts the messages of some buckets that no batch up to the cursor holds: it reads them all. */
export const summariseUncoveredMessages: Statement<SummariseUncoveredParams, UncoveredSummary> = {
  name: 'outbox_message.summarise_uncovered',
  text: (schema) => `
    SELECT count(*)::text AS pending,
      extract(epoch FROM clock_timestamp() - min(created_at))::float8 AS oldest_age_seconds
    FROM ${schema}.outbox_message
    WHERE ${beyondSnapshot1} AND ${ownedBetween('$4', '$5')} AND ${unreadByCursor}`,
  bind: ({ cursor, buckets }) => [...bindCursor(cursor), ...bindBuckets(buckets)],
  decode: (row) => ({
    pending: counter(row, 'pending'),
    oldestAgeSeconds: numberOrNull(row, 'oldest_age_seconds'),
  }),
}
