import type { ParkedMessage } from '@pigeonhole/core'
import { bytesOrNull, counter, number, numberOrNull, text, textOrNull } from '../decode.js'
import type { SqlRow } from '../statement.js'

/** A timestamp as ISO 8601, in UTC. */
export function isoTime(expression: string): string {
  return `to_char(${expression} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`
}

/** The columns of a parked message called message that an operator is shown, but for its payload. */
export const parkedMessageColumns: string = `
      message.id::text AS place, message_id, topic, key, partition, bucket::int AS bucket,
      (coalesce(octet_length(key), 0) + coalesce(octet_length(payload), 0) + octet_length(headers::text))::text AS bytes,
      ${isoTime('created_at')} AS created, ${isoTime('parked_at')} AS parked, error_code, error, attempts`

export function decodeParkedMessage(row: SqlRow): ParkedMessage {
  return {
    id: text(row, 'place'),
    messageId: text(row, 'message_id'),
    topic: text(row, 'topic'),
    key: bytesOrNull(row, 'key'),
    partition: numberOrNull(row, 'partition'),
    bucket: number(row, 'bucket'),
    bytes: counter(row, 'bytes'),
    createdAt: text(row, 'created'),
    parkedAt: text(row, 'parked'),
    errorCode: textOrNull(row, 'error_code'),
    error: text(row, 'error'),
    attempts: number(row, 'attempts'),
  }
}
