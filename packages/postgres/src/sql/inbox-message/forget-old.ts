import type { ForgetTerms } from '@pigeonhole/core'
import { number } from '../decode.js'
import type { Statement } from '../statement.js'

/** An inbox and which of its ids are old. */
export interface ForgetOldParams {
  readonly inbox: string
  readonly terms: ForgetTerms
}

/**
 * Forgets the oldest ids of an inbox, a bounded number of them, and remembers up to when it has. By their age alone it would take
 * those of messages that are about to be read again: a position that was rewound keeps all until it is back.
 */
export const forgetOldIds: Statement<ForgetOldParams, number> = {
  name: 'inbox_message.forget_old',
  text: (schema) => `
    WITH old AS MATERIALIZED (
      SELECT scope, message_id FROM ${schema}.inbox_message
      WHERE inbox = $1::text AND received_at < statement_timestamp() - $2::float8 * interval '1 ms'
        AND NOT EXISTS (
          SELECT FROM ${schema}.inbox_position WHERE inbox = $1::text AND next_offset < replayed_until)
      ORDER BY received_at
      LIMIT $3::int
    ), forgotten AS (
      DELETE FROM ${schema}.inbox_message AS known USING old
      WHERE known.inbox = $1::text AND known.scope = old.scope AND known.message_id = old.message_id
      RETURNING received_at
    ), noted AS (
      UPDATE ${schema}.inbox_retention AS held
      SET forgotten_until = greatest(held.forgotten_until, (SELECT max(received_at) FROM forgotten))
      WHERE inbox = $1::text AND EXISTS (SELECT FROM forgotten)
    )
    SELECT count(*)::int AS forgotten FROM forgotten`,
  bind: ({ inbox, terms: { keepMs, limit } }) => [inbox, keepMs, limit],
  decode: (row) => number(row, 'forgotten'),
}
