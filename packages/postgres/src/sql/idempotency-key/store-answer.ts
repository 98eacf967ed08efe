import type { KeyScope, StoredAnswer } from '@pigeonhole/core'
import { base64OrNull } from '../base64.js'
import { noRow, type Statement } from '../statement.js'

/** A key and its answer. */
export interface StoreAnswerParams {
  readonly scope: KeyScope
  readonly answer: StoredAnswer
}

/** The SQLSTATE of a key that is not the transaction's: division_by_zero. */
export const keyNotClaimed = '22012'

/**
 * Stores the answer of a key that the transaction has claimed. Where a handler has ended that transaction itself, and this
 * statement runs in another one, the row has another's id: it fails then, so that no COMMIT that travels behind it is run.
 */
export const storeIdempotencyAnswer: Statement<StoreAnswerParams, null> = {
  name: 'idempotency_key.store_answer',
  text: (schema) => `
    WITH stored AS (
      UPDATE ${schema}.idempotency_key
      SET response_status = $4::smallint, response_headers = $5::jsonb, response_body = decode($6::text, 'base64')
      WHERE tenant = $1::text AND operation = $2::text AND key = $3::text
        AND xmin = pg_current_xact_id()::xid
      RETURNING 1
    )
    SELECT 1 / count(*)::int AS stored FROM stored`,
  bind: ({ scope: { tenant, operation, key }, answer: { status, headers, body } }) => [
    tenant,
    operation,
    key,
    status,
    headers === null ? null : JSON.stringify(headers),
    base64OrNull(body),
  ],
  decode: noRow,
}
