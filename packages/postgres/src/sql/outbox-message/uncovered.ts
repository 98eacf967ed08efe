import type { Cursor } from '@pigeonhole/core'
import type { SqlValue } from '../statement.js'

/**
 * The condition that no batch up to the cursor $1, $2, $3 holds a row, for rows that are beyond $1: they are not in the
 * part of the capture under way that has been read.
 */
export const unreadByCursor: string =
  '($2::pg_snapshot IS NULL OR seq > $3::bigint OR NOT pg_visible_in_snapshot(xid, $2::pg_snapshot))'

/** How far which shard has come. */
export interface ShardCursor {
  readonly shard: number
  readonly cursor: Cursor
}

/** $1, $2 and $3 of {@link unreadByCursor}. */
export function bindCursor({ from, until, lastSeq }: Cursor): SqlValue[] {
  return [from, until, lastSeq]
}
