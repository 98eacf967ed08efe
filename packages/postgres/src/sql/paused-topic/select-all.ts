import type { PausedTopic } from '@pigeonhole/core'
import { number, text } from '../decode.js'
import { isoTime } from '../parked-message/row.js'
import { noParams, type Statement } from '../statement.js'

/** Every pause of a topic by a shard that owns buckets. */
export const selectPausedTopics: Statement<null, PausedTopic> = {
  name: 'paused_topic.select_all',
  text: (schema) => `
    SELECT shard::int AS shard, topic, error_code, error, attempts, ${isoTime('retry_at')} AS retry_text
    FROM ${schema}.paused_topic
    JOIN ${schema}.relay_shard USING (shard)
    WHERE first_bucket IS NOT NULL
    ORDER BY topic, shard`,
  bind: noParams,
  decode: (row) => ({
    shard: number(row, 'shard'),
    topic: text(row, 'topic'),
    errorCode: text(row, 'error_code'),
    error: text(row, 'error'),
    attempts: number(row, 'attempts'),
    retryAt: text(row, 'retry_text'),
  }),
}
