import type { InboxPosition, InboxPositionsStore } from '@pigeonhole/core'
import type { MemoryDatabase } from './memory-database.js'
import { messageKey, positionKey } from './memory-inbox.js'
import { claimKey } from './memory-inbox-claims.js'
import { retentionKey } from './memory-inbox-retention.js'

/** What operators need of an inbox, in a memory store. */
export function memoryInboxPositions(database: MemoryDatabase): InboxPositionsStore {
  const { claims, forgotten, locks, positions, messageIds, replays } = database
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
        await locks.acquire(tx, retentionKey(inbox))
        await locks.acquire(tx, key)
        if (positions.get(key, tx) !== from) return false
        positions.set(tx, key, to)
        if ((replays.get(key, tx) ?? 0n) < from) replays.set(tx, key, from)
        const known = claims.get(claimKey(inbox, place), tx)
        if (known) claims.set(tx, claimKey(inbox, place), { ...known, claims: 0, starts: 0 })
        return true
      }),
    async forgottenUntil(inbox): Promise<Date | null> {
      const at = forgotten.get(retentionKey(inbox))
      return at === undefined ? null : new Date(performance.timeOrigin + at)
    },
    forgetMessages: (inbox, ids) =>
      database.transact(async (tx) => {
        const known = ids
          .map((id) => messageKey(inbox, id))
          .filter((key) => messageIds.get(key, tx) !== undefined)
        for (const key of known) messageIds.set(tx, key, undefined)
        return known.length
      }),
  }
}

function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b)
}
