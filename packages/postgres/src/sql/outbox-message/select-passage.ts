import type { Cursor } from '@pigeonhole/core'
import { bool, text } from '../decode.js'
import type { Statement } from '../statement.js'
import { existsBeyondSnapshot1 } from './exists-beyond.js'
import { ownedByShard } from './owned.js'
import { bindCursor, type ShardCursor, unreadByCursor } from './uncovered.js'

/**
 * The cursor at this statement's own snapshot, which has everything behind it that is visible; null where a message of the
 * shard is among that which no batch up to its cursor holds.
 */
export const selectPassage: Statement<ShardCursor, Cursor | null> = {
  name: 'outbox_message.select_passage',
  text: (schema) => `
    SELECT found, pg_current_snapshot()::text AS snapshot
    FROM (${existsBeyondSnapshot1(schema, `${ownedByShard(schema, '$4')} AND ${unreadByCursor}`)}) AS looked`,
  bind: ({ shard, cursor }) => [...bindCursor(cursor), shard],
  decode: (row) => (bool(row, 'found') ? null : { from: text(row, 'snapshot'), until: null, lastSeq: '0' }),
}
