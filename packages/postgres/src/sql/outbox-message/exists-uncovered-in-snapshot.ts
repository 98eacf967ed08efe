import { bool } from '../decode.js'
import type { Statement } from '../statement.js'
import { existsBeyondSnapshot1 } from './exists-beyond.js'
import { ownedByShard } from './owned.js'
import { bindCursor, type ShardCursor, unreadByCursor } from './uncovered.js'

/** A mark and the cursor that is held against it. */
export interface SnapshotAndCursor extends ShardCursor {
  readonly snapshot: string
}

/** Whether there are messages of a shard that are visible in a snapshot and that no batch up to its cursor holds. */
export const existsUncoveredMessageInSnapshot: Statement<SnapshotAndCursor, boolean> = {
  name: 'outbox_message.exists_uncovered_in_snapshot',
  text: (schema) =>
    existsBeyondSnapshot1(
      schema,
      `${ownedByShard(schema, '$5')} AND ${unreadByCursor} AND pg_visible_in_snapshot(xid, $4::pg_snapshot)`,
    ),
  bind: ({ shard, snapshot, cursor }) => [...bindCursor(cursor), snapshot, shard],
  decode: (row) => bool(row, 'found'),
}
