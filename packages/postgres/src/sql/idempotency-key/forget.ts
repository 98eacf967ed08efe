import { noRow, type Statement } from '../statement.js'

/** How many answers are forgotten, and how long they must have been expired for. */
export interface ForgetAnswersParams {
  readonly limit: number
  readonly graceMs: number
}

/**
 * Forgets answers that have expired, the oldest first. One that a transaction claims anew just now is passed over: its row
 * is locked.
 */
export const forgetIdempotencyAnswers: Statement<ForgetAnswersParams, null> = {
  name: 'idempotency_key.forget',
  text: (schema) => `
    DELETE FROM ${schema}.idempotency_key
    WHERE ctid = ANY (ARRAY(
      SELECT ctid FROM ${schema}.idempotency_key
      WHERE expires_at <= now() - make_interval(secs => $2::float8 / 1000)
      ORDER BY expires_at
      LIMIT $1::int
      FOR UPDATE SKIP LOCKED
    ))
    RETURNING 1 AS forgotten`,
  bind: ({ limit, graceMs }) => [limit, graceMs],
  decode: noRow,
}
