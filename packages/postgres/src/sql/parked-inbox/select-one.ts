import type { InboxParkedMessageContent, StoredHeader } from '@pigeonhole/core'
import { bytesOrNull, text } from '../decode.js'
import type { Statement } from '../statement.js'
import { isOf } from './own.js'
import { decodeShown, shownColumns } from './shown.js'

/** A parked message by its place. */
export interface SelectOneParams {
  readonly inbox: string
  readonly id: string
}

/** One parked message of an inbox with all that will be handled. */
export const selectOneParkedOfInbox: Statement<SelectOneParams, InboxParkedMessageContent> = {
  name: 'parked_inbox.select_one',
  text: (schema) => `
    SELECT ${shownColumns}, headers::text AS headers, payload
    FROM ${schema}.parked_message AS message
    WHERE ${isOf('message')} AND message.id = $2::bigint`,
  bind: ({ inbox, id }) => [inbox, id],
  decode: (row) => ({
    ...decodeShown(row),
    headers: JSON.parse(text(row, 'headers')) as StoredHeader[],
    payload: bytesOrNull(row, 'payload'),
  }),
}
