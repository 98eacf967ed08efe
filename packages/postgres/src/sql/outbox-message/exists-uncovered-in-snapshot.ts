import type { Cursor } from '@pigeonhole/core'
import { bool } from '../decode.js'
import type { Statement } from '../statement.js'
import { existsBeyondSnapshot1 } from './exists-beyond.js'
import { bindCursor, unreadByCursor } from './uncovered.js'

/** A mark and the cursor that is held against it. */
export interface SnapshotAndCursor {
  readonly snapshot: string
  readonly cursor: Cursor
}

/** Whether there are messages that are visible in a snapshot and that no batch up to the cursor holds. */
export const existsUncoveredMessageInSnapshot: Statement<SnapshotAndCursor, boolean> = {
  name: 'outbox_message.exists_uncovered_in_snapshot',
  text: (schema) =>
    existsBeyondSnapshot1(schema, `${unreadByCursor} AND pg_visible_in_snapshot(xid, $4::pg_snapshot)`),
  bind: ({ snapshot, cursor }) => [...bindCursor(cursor), snapshot],
  decode: (row) => bool(row, 'found'),
}
