import { text } from '../decode.js'
import { isHeldByPause, isOwn, ownShard } from '../parked-message/own.js'
import type { Statement } from '../statement.js'

/** Ends the pauses of a shard that are due and hold no message any more. Returns their topics. */
export const deleteLiftedTopics: Statement<number, string> = {
  name: 'paused_topic.delete_lifted',
  text: (schema) => `
    WITH ${ownShard(schema)}
    DELETE FROM ${schema}.paused_topic AS paused
    WHERE shard = $1::smallint AND retry_at <= statement_timestamp()
      AND NOT EXISTS (
        SELECT FROM ${schema}.parked_message AS message
        WHERE ${isOwn('message')} AND message.topic = paused.topic AND ${isHeldByPause(schema, 'message')})
    RETURNING topic`,
  bind: (shard) => [shard],
  decode: (row) => text(row, 'topic'),
}
