import { isHeldByPause, isOwn, ownShard } from '../parked-message/own.js'
import { noRow, type Statement } from '../statement.js'

/**
 * Pauses the topics of a shard's parked messages that nothing holds: their buckets came from a shard that had paused the
 * topic. Without it newer messages would overtake them.
 */
export const restorePausedTopics: Statement<number, null> = {
  name: 'paused_topic.restore',
  text: (schema) => `
    WITH ${ownShard(schema)}
    INSERT INTO ${schema}.paused_topic (shard, topic, error_code, error, retry_at)
    SELECT $1::smallint, message.topic, 'TOPIC_MISSING', min(message.error), statement_timestamp()
    FROM ${schema}.parked_message AS message
    WHERE ${isOwn('message')} AND ${isHeldByPause(schema, 'message')}
    GROUP BY message.topic
    ON CONFLICT (shard, topic) DO NOTHING`,
  bind: (shard) => [shard],
  decode: noRow,
}
