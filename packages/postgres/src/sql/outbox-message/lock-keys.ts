import { createHash } from 'node:crypto'
import { noRow, type Statement } from '../statement.js'

/** A message's topic and key. */
export interface TopicKey {
  readonly topic: string
  readonly key: Uint8Array
}

/**
 * Takes a transaction-level advisory lock for each topic and key. In one order, whatever the order given: two
 * transactions that lock the same keys wait for each other and never deadlock.
 *
 * `IS NULL`, because the lock function returns void, which Prisma cannot read.
 */
export const lockOutboxKeys: Statement<readonly TopicKey[], null> = {
  name: 'outbox_message.lock_keys',
  text: () => 'SELECT pg_advisory_xact_lock(lock) IS NULL AS locked FROM unnest($1::bigint[]) AS lock',
  bind: (keys) => {
    const locks = [...new Set(keys.map(lockOf))].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0))
    return [locks.map(String)]
  },
  decode: noRow,
}

// Advisory locks of a database are one space, shared with the user's own: the prefix keeps them apart.
function lockOf({ topic, key }: TopicKey): bigint {
  const hash = createHash('sha256').update(`pigeonhole\0${topic}\0`).update(key).digest()
  return hash.readBigInt64BE(0)
}
