import type { ParkableMessage, ParkTerms } from '@pigeonhole/core'
import { noRow, type Statement } from '../statement.js'
import { bindMessages, givenMessages, insertParked } from './row.js'
import { startsOf } from './starts.js'

/** A message that cannot be handled. */
export interface ParkFailedParams {
  readonly inbox: string
  readonly message: ParkableMessage
  readonly how: ParkTerms
}

/**
 * Parks a message and blocks its key. A key that is blocked already, by a consumer of another partition, keeps its own
 * terms. DO UPDATE and not DO NOTHING: it waits for a worker that has locked the key to unblock it, and blocks it anew.
 */
export const parkFailed: Statement<ParkFailedParams, null> = {
  name: 'parked_inbox.park_failed',
  text: (schema) => `
    WITH given AS (${givenMessages}
    ), blocked AS (
      INSERT INTO ${schema}.parked_key AS parked_key (side, scope, topic, key, error_code, error, starts, retry_at)
      SELECT 'inbox', $1::text, topic, key, $11::text, $12::text, $15::int,
        statement_timestamp() + $14::float8 * interval '1 ms'
      FROM given WHERE key IS NOT NULL
      ON CONFLICT (side, scope, topic, key_digest) DO UPDATE SET error = parked_key.error
    )
    ${insertParked(schema, {
      columns: 'error_code, error, attempts, starts, retry_at',
      values: `$11::text, $12::text, $13::int, $15::int,
        CASE WHEN key IS NULL THEN statement_timestamp() + $14::float8 * interval '1 ms' END`,
    })}`,
  bind: ({ inbox, message, how: { failure, retryMs } }) => [
    inbox,
    ...bindMessages([message]),
    failure.code,
    failure.error,
    failure.attempts,
    retryMs,
    startsOf(failure),
  ],
  decode: noRow,
}
