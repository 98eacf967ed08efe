import type { OutboxRow, OutboxStore } from '@pigeonhole/core'
import { insertOutboxMessages } from '../sql/outbox-message/insert.js'
import { lockOutboxKeys, type TopicKey } from '../sql/outbox-message/lock-keys.js'
import { run, type SqlSession } from '../sql/statement.js'

/** Opens a session on a transaction of the user's, or rejects with OUTSIDE_TRANSACTION. */
export type SessionOf<Tx> = (tx: Tx) => Promise<SqlSession>

/** The outbox over any client that runs SQL. */
export function sqlOutboxStore<Tx>(sessionOf: SessionOf<Tx>): OutboxStore<Tx> {
  return {
    async insertMessages(tx: Tx, rows: readonly OutboxRow[]): Promise<void> {
      await run(await sessionOf(tx), insertOutboxMessages, rows)
    },
    async lockKeys(tx: Tx, keys: readonly TopicKey[]): Promise<void> {
      await run(await sessionOf(tx), lockOutboxKeys, keys)
    },
  }
}
