import type { DiscardedInboxParking, InboxParkedSelection } from '@pigeonhole/core'
import { number } from '../decode.js'
import type { Statement } from '../statement.js'
import { type BlockedKey, bindKeys, givenKeys } from './keys.js'
import { isOf } from './own.js'
import { bindSelection, isSelected } from './selection.js'

/** What is discarded, and which keys the transaction has locked for it. */
export interface DiscardParams {
  readonly selection: InboxParkedSelection
  readonly keys: readonly BlockedKey[]
}

/** That a message is of the key called `blocked`. */
const ofBlocked = `${isOf('message')} AND message.topic = blocked.topic AND sha256(message.key) = blocked.key_digest`

/**
 * Deletes selected messages of keys that are locked, and those without a key that nobody is handling, and remembers their ids:
 * a repeat of what was discarded is one. A key whose oldest message goes begins anew: its attempts and starts were that one's. One
 * of which nothing is left is due, so that it is unblocked by whoever takes it up, if not by the statement behind this one.
 */
export const discardParkedOfInbox: Statement<DiscardParams, Omit<DiscardedInboxParking, 'unblocked'>> = {
  name: 'parked_inbox.discard',
  text: (schema) => `
    WITH locked AS (${givenKeys(5)}
    ), selected AS (
      SELECT id, topic, key, message_scope, message_id FROM ${schema}.parked_message AS message
      WHERE ${isSelected('message')} AND (key IS NULL OR (topic, key) IN (SELECT topic, key FROM locked))
      FOR UPDATE SKIP LOCKED
    ), remembered AS (
      INSERT INTO ${schema}.inbox_message (inbox, scope, message_id)
      SELECT $1::text, message_scope, message_id FROM selected WHERE message_id IS NOT NULL
      ORDER BY message_scope, message_id
      ON CONFLICT (inbox, scope, message_id) DO NOTHING
    ), deleted AS (
      DELETE FROM ${schema}.parked_message WHERE id IN (SELECT id FROM selected) RETURNING 1
    ), begun AS (
      UPDATE ${schema}.parked_key AS blocked SET attempts = 0, starts = 0,
        retry_at = CASE WHEN EXISTS (
          SELECT FROM ${schema}.parked_message AS message
          WHERE ${ofBlocked} AND message.id NOT IN (SELECT id FROM selected)) THEN retry_at ELSE statement_timestamp() END
      WHERE ${isOf('blocked')} AND (topic, key) IN (SELECT topic, key FROM locked)
        AND (SELECT id FROM ${schema}.parked_message AS message WHERE ${ofBlocked} ORDER BY id LIMIT 1)
          IN (SELECT id FROM selected)
    )
    SELECT (SELECT count(*)::int FROM deleted) AS messages,
      ((SELECT count(*) FROM ${schema}.parked_message AS message WHERE ${isSelected('message')})
        - (SELECT count(*) FROM deleted))::int AS busy`,
  bind: ({ selection, keys }) => [...bindSelection(selection), ...bindKeys(keys)],
  decode: (row) => ({ messages: number(row, 'messages'), busy: number(row, 'busy') }),
}
