import type { ParkableMessage, StoredHeader } from '@pigeonhole/core'
import { base64OrNull, bytesOrNullFromBase64 } from '../base64.js'
import { numberOrNull, text, textOrNull } from '../decode.js'
import type { SqlRow, SqlValue } from '../statement.js'
import { isOf } from './own.js'

/**
 * The columns of a parked message called message that are needed to handle it again. Bytes go as base64: the form of a
 * bytea depends on settings of the user's session.
 */
export const parkableColumns: string = `message.id::text AS place, topic, encode(key, 'base64') AS key_text, message_scope, message_id, partition,
      message."offset"::text AS log_offset, headers::text AS headers, encode(payload, 'base64') AS payload_text,
      (extract(epoch FROM created_at) * 1000)::float8 AS created_ms, attempts`

/** What a parked message was when it came. */
export function decodeParkable(row: SqlRow): ParkableMessage {
  const id = textOrNull(row, 'message_id')
  const offset = textOrNull(row, 'log_offset')
  const createdMs = numberOrNull(row, 'created_ms')
  return {
    topic: text(row, 'topic'),
    partition: numberOrNull(row, 'partition'),
    offset: offset === null ? null : BigInt(offset),
    key: bytesOrNullFromBase64(textOrNull(row, 'key_text')),
    id: id === null ? null : { scope: text(row, 'message_scope'), id },
    headers: JSON.parse(text(row, 'headers')) as StoredHeader[],
    payload: bytesOrNullFromBase64(textOrNull(row, 'payload_text')),
    createdAt: createdMs === null ? null : new Date(createdMs),
  }
}

/** Messages as rows of the parameters from $2 on. */
export const givenMessages: string = `
      SELECT topic, decode(key, 'base64') AS key, message_scope, message_id, partition, log_offset, headers::jsonb AS headers,
        decode(payload, 'base64') AS payload, timestamptz 'epoch' + created_ms::float8 * interval '1 ms' AS created_at, place
      FROM unnest($2::text[], $3::text[], $4::text[], $5::text[], $6::int[], $7::bigint[], $8::text[], $9::text[], $10::text[])
        WITH ORDINALITY
        AS given (topic, key, message_scope, message_id, partition, log_offset, headers, payload, created_ms, place)`

/** $2 to $10 of {@link givenMessages}. */
export function bindMessages(messages: readonly ParkableMessage[]): SqlValue[] {
  return [
    messages.map(({ topic }) => topic),
    messages.map(({ key }) => base64OrNull(key)),
    messages.map(({ id }) => id?.scope ?? null),
    messages.map(({ id }) => id?.id ?? null),
    messages.map(({ partition }) => partition),
    messages.map(({ offset }) => (offset === null ? null : String(offset))),
    messages.map(({ headers }) => JSON.stringify(headers)),
    messages.map(({ payload }) => base64OrNull(payload)),
    // PostgreSQL reads no year of more than four digits, such as a producer's microseconds make of this one.
    messages.map(({ createdAt }) => (createdAt === null ? null : String(createdAt.getTime()))),
  ]
}

/** Inserts the rows of the CTE given, in their order, with their places among those of their keys. */
export function insertParked(
  schema: string,
  failure: { readonly columns: string; readonly values: string },
): string {
  return `INSERT INTO ${schema}.parked_message (side, scope, topic, key, message_scope, message_id, partition, "offset",
        headers, payload, created_at, ordinal, ${failure.columns})
      SELECT 'inbox', $1::text, topic, key, message_scope, message_id, partition, log_offset, headers, payload, created_at,
        CASE WHEN key IS NOT NULL THEN coalesce((
          SELECT ordinal FROM ${schema}.parked_message AS message
          WHERE ${isOf('message')} AND message.topic = given.topic
            AND sha256(message.key) = sha256(given.key)
          ORDER BY message.id DESC LIMIT 1), 0) + row_number() OVER (PARTITION BY topic, key ORDER BY place) END,
        ${failure.values}
      FROM given
      ORDER BY place`
}
