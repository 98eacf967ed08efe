import { noRow, type Statement } from '../statement.js'

/** A message as an inbox remembers it. */
export interface InboxMessage {
  readonly inbox: string
  readonly scope: string
  readonly id: string
}

/**
 * Remembers a message's id: one row if it is new, none if the inbox has it. An insert of the same id by a transaction that
 * still runs is waited for.
 */
export const insertInboxMessage: Statement<InboxMessage, null> = {
  name: 'inbox_message.insert',
  text: (schema) => `
    INSERT INTO ${schema}.inbox_message (inbox, scope, message_id)
    VALUES ($1, $2, $3)
    ON CONFLICT (inbox, scope, message_id) DO NOTHING
    RETURNING 1 AS inserted`,
  bind: ({ inbox, scope, id }) => [inbox, scope, id],
  decode: noRow,
}
