import type { ParkedSelection, RetriedParking } from '@pigeonhole/core'
import { number } from '../decode.js'
import type { Statement } from '../statement.js'
import { isHeldByPause, isOutgoing } from './own.js'
import { bindSelection, isSelected } from './selection.js'

/** Makes the keys of selected messages, selected messages without a key, and pauses that hold selected ones due at once. */
export const retryParkedMessages: Statement<ParkedSelection, RetriedParking> = {
  name: 'parked_message.retry',
  text: (schema) => `
    WITH selected AS (
      SELECT id, topic, key, bucket, error_code, ${isHeldByPause(schema, 'message')} AS held
      FROM ${schema}.parked_message AS message
      WHERE ${isSelected('message')}
    ), keys AS (
      UPDATE ${schema}.parked_key AS blocked SET retry_at = statement_timestamp()
      WHERE ${isOutgoing('blocked')} AND (topic, key) IN (SELECT topic, key FROM selected WHERE key IS NOT NULL)
      RETURNING 1
    ), messages AS (
      UPDATE ${schema}.parked_message AS message SET retry_at = statement_timestamp()
      WHERE id IN (SELECT id FROM selected WHERE key IS NULL AND error_code IS NOT NULL)
      RETURNING 1
    ), topics AS (
      UPDATE ${schema}.paused_topic SET retry_at = statement_timestamp()
      WHERE topic IN (SELECT topic FROM selected WHERE held)
      RETURNING topic
    )
    SELECT (SELECT count(*)::int FROM keys) AS keys, (SELECT count(*)::int FROM messages) AS messages,
      (SELECT count(DISTINCT topic)::int FROM topics) AS topics`,
  bind: bindSelection,
  decode: (row) => ({
    keys: number(row, 'keys'),
    messages: number(row, 'messages'),
    topics: number(row, 'topics'),
  }),
}
