import type { Look } from '@pigeonhole/core'
import { boolOrNull } from '../decode.js'
import type { Statement } from '../statement.js'
import { ownedByShard } from './owned.js'
import { bindCursor, type ShardCursor, unreadByCursor } from './uncovered.js'

/**
 * How many rows a look goes through at most, some 90 pages. A shard to which nothing is published passes over those of others as
 * often, five times a second at most: a relay at rest looks no more often.
 */
export const longestLook = 2_000

/**
 * Whether there are messages of a shard that no batch up to its cursor holds, as far as a look goes.
 *
 * The rows are taken from the index on xid, newest first, because the order leaves the planner nothing else: for a plain
 * EXISTS it may read the whole table in the hope of an early hit. 300,000 retained rows and nothing new: 0.3 ms against
 * 35 to 130, which a relay at rest would pay at every poll. They are counted as they are read: the first message of the shard
 * ends the look, and so does the last row that it may read.
 */
export const lookForUncoveredMessage: Statement<ShardCursor, Look> = {
  name: 'outbox_message.look_for_uncovered',
  text: (schema) => `
    SELECT (${newestOf(schema, 'xid >= pg_snapshot_xmax($1::pg_snapshot)')}) AS newer,
      (${newestOf(schema, 'xid = ANY (ARRAY(SELECT pg_snapshot_xip($1::pg_snapshot)))')}) AS running`,
  bind: ({ shard, cursor }) => [...bindCursor(cursor), shard, longestLook],
  decode: (row) => {
    const ends = [boolOrNull(row, 'newer'), boolOrNull(row, 'running')]
    if (ends.includes(true)) return 'messages'
    return ends.includes(false) ? 'others' : 'nothing'
  },
}

// True: a message of the shard's. False: none among as many rows as may be read. Null: none among all.
function newestOf(schema: string, condition: string): string {
  return `
      SELECT is_own FROM (
        SELECT ${ownedByShard(schema, '$4')} AND ${unreadByCursor} AS is_own, row_number() OVER () AS nth
        FROM (
          SELECT seq, xid, bucket FROM ${schema}.outbox_message WHERE ${condition} ORDER BY xid DESC LIMIT $5::int
        ) AS newest
      ) AS read
      WHERE is_own OR nth = $5::int
      LIMIT 1
    `
}
