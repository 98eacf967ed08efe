import { type OutboxRow, type OutboxStore, PigeonholeError } from '@pigeonhole/core'
import type { MemoryDatabase } from './memory-database.js'
import { MemoryTransaction } from './memory-transaction.js'

/** The outbox of a memory store. */
export function memoryOutbox(database: MemoryDatabase): OutboxStore<MemoryTransaction> {
  return {
    async insertMessages(tx: MemoryTransaction, rows: readonly OutboxRow[]): Promise<void> {
      requireOpen(tx)
      for (const row of rows) {
        const seq = database.nextSeq()
        const entry = {
          row: { ...row, seq },
          xid: tx.xid,
          numberedBy: database.systemIdentifier,
          createdAt: performance.now(),
          slot: database.ring.slot,
        }
        database.outbox.set(tx, seq, entry)
      }
    },
    async lockKeys(
      tx: MemoryTransaction,
      keys: readonly { readonly topic: string; readonly key: Uint8Array }[],
    ): Promise<void> {
      requireOpen(tx)
      const rows = new Set(
        keys.map(({ topic, key }) => `key/${topic}/${Buffer.from(key).toString('base64')}`),
      )
      for (const row of [...rows].sort()) await database.locks.acquire(tx, row)
    },
  }
}

function requireOpen(tx: MemoryTransaction): void {
  if (tx instanceof MemoryTransaction && tx.isOpen) return
  throw new PigeonholeError('OUTSIDE_TRANSACTION', {
    message: 'This is no open transaction of a memory store: publish with the `tx` of store.transaction(…)',
    details: {},
  })
}
