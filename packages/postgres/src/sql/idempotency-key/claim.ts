import { createHash } from 'node:crypto'
import type { Fingerprint, KeyScope, KeyTerms, StoredAnswer, StoredHeader } from '@pigeonhole/core'
import { bytesOrNullFromBase64 } from '../base64.js'
import { number, numberOrNull, text, textOrNull } from '../decode.js'
import type { SqlRow, Statement } from '../statement.js'

/** Which key is claimed, and how. */
export interface ClaimParams {
  readonly scope: KeyScope
  readonly terms: KeyTerms
}

/** That the key is the transaction's, or another's, or what was answered. */
export type ClaimRow =
  | { readonly status: 'claimed' }
  | { readonly status: 'running' }
  | { readonly status: 'answered'; readonly fingerprint: Fingerprint; readonly answer: StoredAnswer }

/**
 * Claims a key, or tells why not. No row: an answer was committed between this statement's snapshot and its lock, and the
 * next one sees it.
 *
 * The advisory lock is held until the transaction ends, and nobody waits for it: two attempts with one key know of each
 * other at once, however long a handler takes. It is taken in the statement that claims, which saves a round trip: an
 * insert with ON CONFLICT does not go by the snapshot, so that what was committed since is never claimed a second time.
 * The unique index stands behind the lock, for clients of another version, whose lock may be another: there the later one
 * waits, for as long as lock_timeout lets it.
 *
 * An answer is given without the lock, and without writing anything: a replay takes no transaction id and no flush.
 */
export const claimIdempotencyKey: Statement<ClaimParams, ClaimRow> = {
  name: 'idempotency_key.claim',
  text: (schema) => `
    WITH answered AS (
      SELECT fingerprint_version, fingerprint, response_status, response_headers, response_body
      FROM ${schema}.idempotency_key
      WHERE tenant = $2::text AND operation = $3::text AND key = $4::text
        AND expires_at > now() - make_interval(secs => $8::float8 / 1000)
    ), lock AS MATERIALIZED (
      SELECT pg_try_advisory_xact_lock($1::bigint) AS is_free WHERE NOT EXISTS (SELECT FROM answered)
    ), claimed AS (
      INSERT INTO ${schema}.idempotency_key AS held
        (tenant, operation, key, fingerprint_version, fingerprint, expires_at)
      SELECT $2::text, $3::text, $4::text, $5::smallint, decode($6::text, 'base64'),
        now() + make_interval(secs => $7::float8 / 1000)
      FROM lock WHERE is_free
      ON CONFLICT (tenant, operation, key) DO UPDATE
      SET fingerprint_version = excluded.fingerprint_version, fingerprint = excluded.fingerprint,
        response_status = NULL, response_headers = NULL, response_body = NULL,
        created_at = now(), expires_at = excluded.expires_at
      WHERE held.expires_at <= now() - make_interval(secs => $8::float8 / 1000)
      RETURNING 1 AS claimed
    )
    SELECT 'claimed' AS status, NULL::int AS version, NULL::text AS fingerprint, NULL::int AS response_status,
      NULL::text AS response_headers, NULL::text AS response_body
    FROM claimed
    UNION ALL SELECT 'running', NULL, NULL, NULL, NULL, NULL FROM lock WHERE NOT is_free
    UNION ALL SELECT 'answered', fingerprint_version::int, encode(fingerprint, 'base64'), response_status::int,
      response_headers::text, encode(response_body, 'base64')
    FROM answered`,
  bind: ({ scope, terms: { fingerprint, expiresMs, graceMs } }) => [
    String(lockOf(scope)),
    scope.tenant,
    scope.operation,
    scope.key,
    fingerprint.version,
    Buffer.from(fingerprint.hash).toString('base64'),
    expiresMs,
    graceMs,
  ],
  decode: (row) => {
    const status = text(row, 'status') as ClaimRow['status']
    if (status !== 'answered') return { status }
    const hash = bytesOrNullFromBase64(text(row, 'fingerprint')) as Uint8Array
    return { status, fingerprint: { version: number(row, 'version'), hash }, answer: answerOf(row) }
  },
}

function answerOf(row: SqlRow): StoredAnswer {
  const headers = textOrNull(row, 'response_headers')
  return {
    status: numberOrNull(row, 'response_status'),
    headers: headers === null ? null : (JSON.parse(headers) as readonly StoredHeader[]),
    body: bytesOrNullFromBase64(textOrNull(row, 'response_body')),
  }
}

// Advisory locks of a database are one space, shared with the user's own: the prefix keeps them apart. None of the parts
// holds U+0000.
function lockOf({ tenant, operation, key }: KeyScope): bigint {
  const name = ['pigeonhole', 'idempotency', tenant, operation, key].join('\0')
  return createHash('sha256').update(name).digest().readBigInt64BE(0)
}
