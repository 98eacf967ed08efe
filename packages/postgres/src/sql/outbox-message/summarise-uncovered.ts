import type { Cursor } from '@pigeonhole/core'
import { counter, numberOrNull } from '../decode.js'
import type { Statement } from '../statement.js'
import { beyondSnapshot1 } from './beyond.js'
import { bindCursor, unreadByCursor } from './uncovered.js'

/** The messages that no batch up to a cursor holds. */
export interface UncoveredSummary {
  readonly pending: number
  /** By the database's clock. */
  readonly oldestAgeSeconds: number | null
}

/** Counts the messages that no batch up to the cursor holds: it reads them all. */
export const summariseUncoveredMessages: Statement<Cursor, UncoveredSummary> = {
  name: 'outbox_message.summarise_uncovered',
  text: (schema) => `
    SELECT count(*)::text AS pending,
      extract(epoch FROM clock_timestamp() - min(created_at))::float8 AS oldest_age_seconds
    FROM ${schema}.outbox_message
    WHERE ${beyondSnapshot1} AND ${unreadByCursor}`,
  bind: bindCursor,
  decode: (row) => ({
    pending: counter(row, 'pending'),
    oldestAgeSeconds: numberOrNull(row, 'oldest_age_seconds'),
  }),
}
