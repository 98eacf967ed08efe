import { textOrNull } from '../decode.js'
import type { Statement } from '../statement.js'

/** Up to when an inbox has forgotten ids, ISO 8601, in whole milliseconds behind the last; null where it has forgotten none. */
export const selectForgottenUntil: Statement<{ readonly inbox: string }, string | null> = {
  name: 'inbox_retention.select',
  text: (schema) => `
    SELECT to_char((forgotten_until + interval '1 ms') AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS forgotten_until
    FROM ${schema}.inbox_retention WHERE inbox = $1::text`,
  bind: ({ inbox }) => [inbox],
  decode: (row) => textOrNull(row, 'forgotten_until'),
}
