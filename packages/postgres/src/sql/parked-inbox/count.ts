import { base64OrNull, bytesFromBase64 } from '../base64.js'
import { counter, text } from '../decode.js'
import type { Statement } from '../statement.js'
import { lastOrdinal } from './own.js'

/** Keys of a topic that an inbox has found blocked. */
export interface CountParams {
  readonly inbox: string
  readonly topic: string
  readonly keys: readonly Uint8Array[]
}

/** A key, and how many messages are parked of it. */
export interface ParkedCount {
  readonly key: Uint8Array
  readonly parked: number
}

/** How many messages are parked of keys, from the oldest to the newest: two looks into an index for each. */
export const countParked: Statement<CountParams, ParkedCount> = {
  name: 'parked_inbox.count',
  text: (schema) => `
    SELECT encode(blocked.key, 'base64') AS key_text,
      (coalesce(${lastOrdinal(schema, 'blocked', 'DESC')}, 0) - coalesce(${lastOrdinal(schema, 'blocked', 'ASC')}, 1) + 1)::text
        AS parked
    FROM (SELECT decode(key, 'base64') AS key FROM unnest($3::text[]) AS given (key)) AS blocked`,
  bind: ({ inbox, topic, keys }) => [inbox, topic, keys.map(base64OrNull)],
  decode: (row) => ({ key: bytesFromBase64(text(row, 'key_text')), parked: counter(row, 'parked') }),
}
