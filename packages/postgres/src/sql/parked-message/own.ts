/**
 * Conditions on the outbox's side of the parking. $1 is the shard: what it owns follows from its buckets, so that parked
 * messages change hands with them.
 */
export function ownShard(schema: string): string {
  return `own AS (SELECT first_bucket, last_bucket FROM ${schema}.relay_shard WHERE shard = $1::smallint)`
}

/** That a row called `name` is the outbox's. */
export function isOutgoing(name: string): string {
  return `${name}.side = 'outbox' AND ${name}.scope = ''`
}

/** That a row called `name` is the outbox's and of the shard's buckets. Needs {@link ownShard}. */
export function isOwn(name: string): string {
  return `${isOutgoing(name)} AND ${name}.bucket BETWEEN (SELECT first_bucket FROM own) AND (SELECT last_bucket FROM own)`
}

/** That the key of the parked message called `name` is blocked. */
function hasBlockedKey(schema: string, name: string): string {
  return `EXISTS (
    SELECT FROM ${schema}.parked_key AS blocked
    WHERE ${isOutgoing('blocked')} AND blocked.topic = ${name}.topic AND blocked.key_digest = sha256(${name}.key))`
}

/** That nothing but the pause of its topic holds the parked message called `name`. */
export function isHeldByPause(schema: string, name: string): string {
  return `CASE WHEN ${name}.key IS NULL THEN ${name}.error_code IS NULL ELSE NOT ${hasBlockedKey(schema, name)} END`
}
