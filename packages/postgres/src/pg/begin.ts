// BEGIN and the settings take one round trip, or none. SET LOCAL, because PgBouncer in transaction mode gives
// the connection to others afterwards. The isolation level and the access mode are named, because a database or a role
// may have other defaults.

/**
 * Begins a transaction of a relay. Commits are flushed whatever the database's default: what Kafka is told must not be
 * taken back by a crash. A relay that was paused in the middle loses its transaction, and the lock on its shard, after
 * `timeoutMs`.
 */
export function beginRelayTransaction(timeoutMs: number): readonly string[] {
  return [
    ...beginReadCommitted(timeoutMs),
    'SET LOCAL synchronous_commit = on',
    'SET LOCAL bytea_output = hex',
  ]
}

/**
 * Begins a transaction of a handler. No lock is waited for longer than half of its time: who waits for its position, which
 * another owner of the partition holds, has the rest for its handler, or learns that it was a lock.
 */
export function beginHandlerTransaction(timeoutMs: number): readonly string[] {
  return [...beginReadCommitted(timeoutMs), `SET LOCAL lock_timeout = ${Math.ceil(timeoutMs / 2)}`]
}

/** Begins a transaction that lasts at most about `timeoutMs` on the server: no statement and no pause is longer. */
function beginReadCommitted(timeoutMs: number): readonly string[] {
  const milliseconds = Math.ceil(timeoutMs)
  return [
    'BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE',
    `SET LOCAL statement_timeout = ${milliseconds}`,
    `SET LOCAL idle_in_transaction_session_timeout = ${milliseconds}`,
  ]
}
