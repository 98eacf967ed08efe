import { text } from '../decode.js'
import type { Statement } from '../statement.js'
import type { InboxMessageId } from './receive.js'

/** An inbox and ids that it may have. */
export interface SelectKnownParams {
  readonly inbox: string
  readonly ids: readonly InboxMessageId[]
}

/** Which of some ids an inbox has. */
export const selectKnownIds: Statement<SelectKnownParams, InboxMessageId> = {
  name: 'inbox_message.select_known',
  text: (schema) => `
    SELECT scope, message_id
    FROM ${schema}.inbox_message
    JOIN unnest($2::text[], $3::text[]) AS given (scope, message_id) USING (scope, message_id)
    WHERE inbox = $1::text`,
  bind: ({ inbox, ids }) => [inbox, ids.map(({ scope }) => scope), ids.map(({ id }) => id)],
  decode: (row) => ({ scope: text(row, 'scope'), id: text(row, 'message_id') }),
}
