import { noRow, type Statement } from '../statement.js'
import type { InboxMessageId } from './receive.js'

/** An inbox and the messages that it is to forget. */
export interface ForgetParams {
  readonly inbox: string
  readonly ids: readonly InboxMessageId[]
}

/** Forgets messages. A row for each that was known. */
export const forgetInboxMessages: Statement<ForgetParams, null> = {
  name: 'inbox_message.forget',
  text: (schema) => `
    DELETE FROM ${schema}.inbox_message AS known
    USING unnest($2::text[], $3::text[]) AS forgotten (scope, message_id)
    WHERE known.inbox = $1::text
      AND known.scope = forgotten.scope AND known.message_id = forgotten.message_id
    RETURNING 1 AS forgotten`,
  bind: ({ inbox, ids }) => [inbox, ids.map(({ scope }) => scope), ids.map(({ id }) => id)],
  decode: noRow,
}
