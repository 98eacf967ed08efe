import type { InboxRetention } from '@pigeonhole/core'
import type { MemoryDatabase } from './memory-database.js'
import type { MemoryTransaction } from './memory-transaction.js'

/** What the row of an inbox's retention is called. */
export function retentionKey(inbox: string): string {
  return JSON.stringify(['retention', inbox])
}

/** How an inbox forgets ids, in a memory store. */
export function memoryInboxRetention(database: MemoryDatabase): InboxRetention {
  const { forgotten, locks, messageIds } = database
  return {
    forget: (inbox, { keepMs, limit }) =>
      database.transact(async (tx) => {
        await locks.acquire(tx, retentionKey(inbox))
        if (isReplaying(database, inbox, tx)) return 0
        const old = [...messageIds.copy()]
          .filter(([key, at]) => isOf(key, inbox) && at < performance.now() - keepMs)
          .sort(([, a], [, b]) => a - b)
          .slice(0, limit)
        for (const [key, at] of old) {
          messageIds.set(tx, key, undefined)
          forgotten.set(tx, retentionKey(inbox), Math.max(at, forgotten.get(retentionKey(inbox), tx) ?? 0))
        }
        return old.length
      }),
  }
}

function isReplaying({ positions, replays }: MemoryDatabase, inbox: string, tx: MemoryTransaction): boolean {
  return [...replays.copy()].some(
    ([key, until]) => isOf(key, inbox) && (positions.get(key, tx) ?? until) < until,
  )
}

function isOf(key: string, inbox: string): boolean {
  return (JSON.parse(key) as [string, string])[1] === inbox
}
