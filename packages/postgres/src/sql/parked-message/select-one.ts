import type { ParkedMessageContent, StoredHeader } from '@pigeonhole/core'
import { bytesOrNull, text } from '../decode.js'
import type { Statement } from '../statement.js'
import { isOutgoing } from './own.js'
import { decodeParkedMessage, parkedMessageColumns } from './row.js'

/** One parked message with all that will be sent. */
export const selectParkedMessage: Statement<string, ParkedMessageContent> = {
  name: 'parked_message.select_one',
  text: (schema) => `
    SELECT ${parkedMessageColumns}, headers::text AS headers, payload
    FROM ${schema}.parked_message AS message
    WHERE ${isOutgoing('message')} AND message.id = $1::bigint`,
  bind: (id) => [id],
  decode: (row) => ({
    ...decodeParkedMessage(row),
    headers: JSON.parse(text(row, 'headers')) as StoredHeader[],
    payload: bytesOrNull(row, 'payload'),
  }),
}
