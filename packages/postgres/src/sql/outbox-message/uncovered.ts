import type { Cursor } from '@pigeonhole/core'
import type { SqlValue } from '../statement.js'
import { beyondSnapshot1 } from './beyond.js'

/** The condition that no batch up to the cursor $1, $2, $3 holds a row. */
export const uncoveredByCursor: string = `${beyondSnapshot1}
    AND ($2::pg_snapshot IS NULL OR seq > $3::bigint OR NOT pg_visible_in_snapshot(xid, $2::pg_snapshot))`

/** $1, $2 and $3 of {@link uncoveredByCursor}. */
export function bindCursor({ from, until, lastSeq }: Cursor): SqlValue[] {
  return [from, until, lastSeq]
}
