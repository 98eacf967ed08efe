import type { InboxParkedMessage } from '@pigeonhole/core'
import { bytesOrNull, counter, number, numberOrNull, text, textOrNull } from '../decode.js'
import { isoTime } from '../parked-message/row.js'
import type { SqlRow } from '../statement.js'

/** The columns of a parked message called message that an operator is shown, but for its payload. */
export const shownColumns: string = `
      message.id::text AS place, message_id, topic, key, partition, message."offset"::text AS log_offset,
      (coalesce(octet_length(key), 0) + coalesce(octet_length(payload), 0) + octet_length(headers::text))::text AS bytes,
      ${isoTime('created_at')} AS created, ${isoTime('parked_at')} AS parked, error_code, error, attempts`

export function decodeShown(row: SqlRow): InboxParkedMessage {
  const offset = textOrNull(row, 'log_offset')
  return {
    id: text(row, 'place'),
    messageId: textOrNull(row, 'message_id'),
    topic: text(row, 'topic'),
    key: bytesOrNull(row, 'key'),
    partition: numberOrNull(row, 'partition'),
    offset: offset === null ? null : BigInt(offset),
    bytes: counter(row, 'bytes'),
    createdAt: textOrNull(row, 'created'),
    parkedAt: text(row, 'parked'),
    errorCode: textOrNull(row, 'error_code'),
    error: text(row, 'error'),
    attempts: number(row, 'attempts'),
  }
}
