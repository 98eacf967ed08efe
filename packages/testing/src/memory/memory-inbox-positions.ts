import type { InboxPosition, InboxPositionsStore } from '@pigeonhole/core'
import type { MemoryDatabase } from './memory-database.js'
import { messageKey, positionKey } from './memory-inbox.js'
import { claimKey } from './memory-inbox-claims.js'

/** What operators need of an inbox, in a memory store. */
export function memoryInboxPositions(database: MemoryDatabase): InboxPositionsStore {
  const { claims, locks, positions, messageIds } = database
  return {
    async listPositions(): Promise<InboxPosition[]> {
      const found = [...positions.copy()].map(([key, nextOffset]) => {
        const [, inbox, topic, partition] = JSON.parse(key) as [string, string, string, number]
        return { inbox, topic, partition, nextOffset }
      })
      return found.sort(
        (a, b) => compare(a.inbox, b.inbox) || compare(a.topic, b.topic) || a.partition - b.partition,
      )
    },
    rewindPosition: ({ inbox, from, to, ...place }) =>
      database.transact(async (tx) => {
        const key = positionKey(inbox, place)
        await locks.acquire(tx, key)
        if (positions.get(key, tx) !== from) return false
        positions.set(tx, key, to)
        const known = claims.get(claimKey(inbox, place), tx)
        if (known) claims.set(tx, claimKey(inbox, place), { ...known, claims: 0, starts: 0 })
        return true
      }),
    forgetMessages: (inbox, ids) =>
      database.transact(async (tx) => {
        const known = ids.map((id) => messageKey(inbox, id)).filter((key) => messageIds.get(key, tx))
        for (const key of known) messageIds.set(tx, key, undefined)
        return known.length
      }),
  }
}

function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b)
}
