import { type InboxParkedSelection, mostStarts, type RetriedInboxParking } from '@pigeonhole/core'
import { number } from '../decode.js'
import type { Statement } from '../statement.js'
import { isOf } from './own.js'
import { bindSelection, isSelected } from './selection.js'

/**
 * Makes the keys of selected messages, and selected messages without a key, due at once. Who handles one of them holds it for
 * as long as its handler takes: it is not waited for, and needs no telling. What has killed its processes has one more start.
 */
export const retryParkedOfInbox: Statement<InboxParkedSelection, RetriedInboxParking> = {
  name: 'parked_inbox.retry',
  text: (schema) => `
    WITH selected AS (
      SELECT id, topic, key FROM ${schema}.parked_message AS message WHERE ${isSelected('message')}
    ), meant_keys AS (
      SELECT DISTINCT topic, key FROM selected WHERE key IS NOT NULL
    ), free_keys AS (
      SELECT blocked.topic, blocked.key FROM ${schema}.parked_key AS blocked
      WHERE ${isOf('blocked')} AND (blocked.topic, blocked.key) IN (SELECT topic, key FROM meant_keys)
      FOR NO KEY UPDATE SKIP LOCKED
    ), keys AS (
      UPDATE ${schema}.parked_key AS blocked SET retry_at = statement_timestamp(), starts = least(starts, ${mostStarts - 1})
      WHERE ${isOf('blocked')} AND (topic, key) IN (SELECT topic, key FROM free_keys)
      RETURNING 1
    ), free_messages AS (
      SELECT message.id FROM ${schema}.parked_message AS message
      WHERE message.id IN (SELECT id FROM selected WHERE key IS NULL)
      FOR NO KEY UPDATE SKIP LOCKED
    ), messages AS (
      UPDATE ${schema}.parked_message AS message
      SET retry_at = statement_timestamp(), starts = least(starts, ${mostStarts - 1})
      WHERE message.id IN (SELECT id FROM free_messages)
      RETURNING 1
    )
    SELECT (SELECT count(*)::int FROM keys) AS keys, (SELECT count(*)::int FROM messages) AS messages,
      ((SELECT count(*) FROM meant_keys) - (SELECT count(*) FROM keys)
        + (SELECT count(*) FROM selected WHERE key IS NULL) - (SELECT count(*) FROM messages))::int AS busy`,
  bind: bindSelection,
  decode: (row) => ({
    keys: number(row, 'keys'),
    messages: number(row, 'messages'),
    busy: number(row, 'busy'),
  }),
}
