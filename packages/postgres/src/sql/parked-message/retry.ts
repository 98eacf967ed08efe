import type { ParkedSelection, RetriedParking } from '@pigeonhole/core'
import { number } from '../decode.js'
import type { Statement } from '../statement.js'
import { heldByPause } from './held-by-pause.js'
import { isOutgoing } from './own.js'
import { bindSelection, isKeyAmong, isSelected } from './selection.js'

/** Makes the keys of selected messages, selected messages without a key, and pauses that hold selected ones due at once. */
export const retryParkedMessages: Statement<ParkedSelection, RetriedParking> = {
  name: 'parked_message.retry',
  text: (schema) => `
    WITH keys AS (
      UPDATE ${schema}.parked_key AS blocked SET retry_at = statement_timestamp()
      WHERE ${isOutgoing('blocked')} AND ${isKeyAmong(schema, isOutgoing, 1)}
      RETURNING 1
    ), messages AS (
      UPDATE ${schema}.parked_message AS message SET retry_at = statement_timestamp()
      WHERE ${isSelected('message')} AND key IS NULL AND error_code IS NOT NULL
      RETURNING 1
    ), held AS (${heldByPause(schema, isSelected('message'))}
    ), topics AS (
      UPDATE ${schema}.paused_topic SET retry_at = statement_timestamp()
      WHERE topic = ANY (ARRAY(SELECT topic FROM held))
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
