import { text } from '../decode.js'
import { movedColumns, movedValues } from '../parked-message/insert.js'
import { isOutgoing } from '../parked-message/own.js'
import type { Statement } from '../statement.js'

/** Rows of a page, and the shard whose page it is. */
export interface ParkBlockedParams {
  readonly shard: number
  readonly seqs: readonly string[]
}

/**
 * Moves the rows of a page that must not be sent, because their key is blocked or their topic is paused, to the parked
 * messages, by `seq`: their places follow it. Returns the `seq` of each.
 */
export const parkBlockedMessages: Statement<ParkBlockedParams, string> = {
  name: 'outbox_message.park_blocked',
  text: (schema) => `
    WITH paused AS (
      SELECT topic, error FROM ${schema}.paused_topic WHERE shard = $1::smallint
    ), blocked AS (
      SELECT message.seq,
        coalesce(
          (SELECT error FROM ${schema}.parked_key AS parked
            WHERE ${isOutgoing('parked')} AND parked.topic = message.topic AND parked.key_digest = sha256(message.key)),
          (SELECT error FROM paused WHERE paused.topic = message.topic)
        ) AS error
      FROM ${schema}.outbox_message AS message
      WHERE message.seq = ANY ($2::bigint[])
    ), moved AS (
      DELETE FROM ${schema}.outbox_message AS message
      USING blocked
      WHERE message.seq = blocked.seq AND blocked.error IS NOT NULL
      RETURNING message.*, blocked.error
    ), parked AS (
      INSERT INTO ${schema}.parked_message (${movedColumns}, error)
      SELECT ${movedValues('moved')}, moved.error FROM moved ORDER BY moved.seq
    )
    SELECT seq::text AS seq FROM moved`,
  bind: ({ shard, seqs }) => [shard, seqs],
  decode: (row) => text(row, 'seq'),
}
