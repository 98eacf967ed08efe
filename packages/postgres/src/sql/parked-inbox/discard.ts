import type { InboxParkedSelection, WaitingKey } from '@pigeonhole/core'
import { number, text } from '../decode.js'
import { decodeBehind, keysBegunAnew, waitingKeys } from '../parked-message/behind.js'
import { isOfBlocked, oldestFirst } from '../parked-message/of-blocked.js'
import type { Statement } from '../statement.js'
import { isOf } from './own.js'
import { bindSelection, isSelected, isSelectedOfKey } from './selection.js'

/** What is discarded, and the places of the keys that the transaction has locked for it. */
export interface DiscardParams {
  readonly selection: InboxParkedSelection
  readonly places: readonly string[]
}

/** What was deleted, what stays, and where the keys are of which nothing may be left. */
export interface DiscardedMessagesOfInbox {
  readonly messages: number
  readonly busy: number
  readonly emptied: readonly string[]
  readonly behind: readonly WaitingKey[]
}

/** Has the keys begin anew whose oldest message is gone: its attempts and starts were that one's. */
function beginAnew(schema: string, which: string, retryAt: string): string {
  return `
      UPDATE ${schema}.parked_key SET attempts = 0, starts = 0, retry_at = ${retryAt}
      WHERE ctid = ANY (ARRAY(SELECT place FROM begun WHERE ${which}))
      RETURNING ctid AS place`
}

/**
 * Deletes selected messages of keys that are locked, and those without a key that nobody is handling, and remembers their ids:
 * a repeat of what was discarded is one. A key of which nothing is left is due, so that it is unblocked by whoever takes it up, if not
 * by the statement behind this one.
 */
export const discardParkedOfInbox: Statement<DiscardParams, DiscardedMessagesOfInbox> = {
  name: 'parked_inbox.discard',
  text: (schema) => `
    WITH selected AS (
      SELECT message.*, blocked.ctid AS place, blocked.topic, blocked.key_digest
      FROM ${schema}.parked_key AS blocked
      CROSS JOIN LATERAL (
        SELECT id, message_scope, message_id FROM ${schema}.parked_message AS message
        WHERE ${isSelectedOfKey('message')} AND ${isOfBlocked('message', 'blocked')}
        ${oldestFirst}
        FOR UPDATE SKIP LOCKED
      ) AS message
      WHERE blocked.ctid = ANY ($5::tid[])
      UNION ALL
      SELECT message.*, NULL, NULL, NULL
      FROM (
        SELECT id, message_scope, message_id FROM ${schema}.parked_message AS message
        WHERE ${isSelected('message')} AND key IS NULL
        FOR UPDATE SKIP LOCKED
      ) AS message
    ), remembered AS (
      INSERT INTO ${schema}.inbox_message (inbox, scope, message_id)
      SELECT $1::text, message_scope, message_id FROM selected WHERE message_id IS NOT NULL
      ORDER BY message_scope, message_id
      ON CONFLICT (inbox, scope, message_id) DO NOTHING
    ), deleted AS (
      DELETE FROM ${schema}.parked_message WHERE id IN (SELECT id FROM selected) RETURNING 1
    ), meant AS (
      SELECT place, topic, key_digest, min(id) AS first, count(*) AS messages FROM selected
      GROUP BY place, topic, key_digest
    ), begun AS (${keysBegunAnew(schema, isOf)}
    ), shortened AS (${beginAnew(schema, 'behind > 0', 'retry_at')}
    ), emptied AS (${beginAnew(schema, 'behind = 0', 'statement_timestamp()')}
    )
    SELECT (SELECT count(*)::int FROM deleted) AS messages,
      ((SELECT count(*) FROM ${schema}.parked_message AS message WHERE ${isSelected('message')})
        - (SELECT count(*) FROM deleted))::int AS busy,
      (SELECT coalesce(json_agg(place), '[]')::text FROM emptied) AS emptied,
      ${waitingKeys(schema, isOf)} AS behind`,
  bind: ({ selection, places }) => [...bindSelection(selection), places],
  decode: (row) => ({
    messages: number(row, 'messages'),
    busy: number(row, 'busy'),
    emptied: JSON.parse(text(row, 'emptied')) as string[],
    behind: decodeBehind(row),
  }),
}
