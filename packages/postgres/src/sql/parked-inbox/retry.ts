import { type InboxParkedSelection, mostStarts, type RetriedInboxParking } from '@pigeonhole/core'
import { number } from '../decode.js'
import type { Statement } from '../statement.js'
import { bindSelection, isSelected } from './selection.js'

/** What is retried, and the places of the keys that the transaction has locked for it. */
export interface RetryParams {
  readonly selection: InboxParkedSelection
  readonly places: readonly string[]
}

/**
 * Makes the keys of selected messages, which are locked, and selected messages without a key, due at once. Who handles one of them
 * holds it for as long as its handler takes: it is not waited for, and needs no telling. What has killed its processes has one more
 * start.
 */
export const retryParkedOfInbox: Statement<RetryParams, RetriedInboxParking> = {
  name: 'parked_inbox.retry',
  text: (schema) => `
    WITH selected AS (
      SELECT id FROM ${schema}.parked_message AS message WHERE ${isSelected('message')} AND key IS NULL
    ), keys AS (
      UPDATE ${schema}.parked_key SET retry_at = statement_timestamp(), starts = least(starts, ${mostStarts - 1})
      WHERE ctid = ANY ($5::tid[])
      RETURNING 1
    ), free_messages AS (
      SELECT id FROM ${schema}.parked_message WHERE id IN (SELECT id FROM selected)
      FOR NO KEY UPDATE SKIP LOCKED
    ), messages AS (
      UPDATE ${schema}.parked_message SET retry_at = statement_timestamp(), starts = least(starts, ${mostStarts - 1})
      WHERE id IN (SELECT id FROM free_messages)
      RETURNING 1
    )
    SELECT (SELECT count(*)::int FROM keys) AS keys, (SELECT count(*)::int FROM messages) AS messages,
      ((SELECT count(*) FROM selected) - (SELECT count(*) FROM messages))::int AS busy`,
  bind: ({ selection, places }) => [...bindSelection(selection), places],
  decode: (row) => ({
    keys: number(row, 'keys'),
    messages: number(row, 'messages'),
    busy: number(row, 'busy'),
  }),
}
