/**
 * Blocks the key of each row of the CTE `source` (topic, key, bucket) for the reason $2, $3. A key that is blocked already
 * waits for an operator again.
 */
export function blockKey(schema: string, source: string): string {
  return `blocked AS (
      INSERT INTO ${schema}.parked_key AS parked_key (side, scope, topic, key, bucket, error_code, error, attempts)
      SELECT 'outbox', '', topic, key, bucket, $2::text, $3::text, 1 FROM ${source} WHERE key IS NOT NULL
      ON CONFLICT (side, scope, topic, key_digest) DO UPDATE
      SET error_code = excluded.error_code, error = excluded.error, attempts = parked_key.attempts + 1, retry_at = NULL
    )`
}
