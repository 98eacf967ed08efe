import { bool } from '../decode.js'
import type { Statement } from '../statement.js'
import { existsBeyondSnapshot1 } from './exists-beyond.js'
import { ownedByShard } from './owned.js'
import { bindCursor, type ShardCursor, unreadByCursor } from './uncovered.js'

/** Whether there are messages of a shard that no batch up to its cursor holds. */
export const existsUncoveredMessage: Statement<ShardCursor, boolean> = {
  name: 'outbox_message.exists_uncovered',
  text: (schema) => existsBeyondSnapshot1(schema, `${ownedByShard(schema, '$4')} AND ${unreadByCursor}`),
  bind: ({ shard, cursor }) => [...bindCursor(cursor), shard],
  decode: (row) => bool(row, 'found'),
}
