import type { ClaimCount, InboxClaims, Position } from '@pigeonhole/core'
import type { MemoryDatabase } from './memory-database.js'
import { positionKey } from './memory-inbox.js'
import type { MemoryTransaction } from './memory-transaction.js'

/** What is known of the message at an offset. */
export interface ClaimEntry extends ClaimCount {
  readonly offset: bigint
}

/** What the row of a partition's claims is called. */
export function claimKey(inbox: string, { topic, partition }: Pick<Position, 'topic' | 'partition'>): string {
  return JSON.stringify(['claim', inbox, topic, partition])
}

/** How an inbox finds the message that kills its process, in a memory store. */
export function memoryInboxClaims(database: MemoryDatabase): InboxClaims {
  const { claims, locks, positions } = database
  const change = (
    inbox: string,
    position: Position,
    to: (entry: ClaimEntry, tx: MemoryTransaction) => Promise<ClaimEntry | undefined>,
  ): Promise<ClaimEntry | undefined> =>
    database.transact(async (tx) => {
      const key = claimKey(inbox, position)
      await locks.acquire(tx, key)
      const known = claims.get(key, tx)
      const { offset } = position
      const changed = await to(known?.offset === offset ? known : { offset, claims: 0, starts: 0 }, tx)
      if (changed) claims.set(tx, key, changed)
      return changed
    })
  return {
    async claim(inbox, position) {
      const entry = await change(inbox, position, async (it) => ({ ...it, claims: it.claims + 1 }))
      return { claims: entry?.claims ?? 0, starts: entry?.starts ?? 0 }
    },
    wait: (inbox, position) => database.transact((tx) => locks.acquire(tx, positionKey(inbox, position))),
    async start(inbox, position) {
      const entry = await change(inbox, position, async (it, tx) => {
        const held = positionKey(inbox, position)
        await locks.acquire(tx, held)
        if ((positions.get(held, tx) ?? 0n) > position.offset) return undefined
        return { ...it, claims: Math.max(1, it.claims), starts: it.starts + 1 }
      })
      return entry?.starts
    },
    async end(inbox, position) {
      await change(inbox, position, async (it) =>
        it.starts > 0 ? { ...it, starts: it.starts - 1 } : undefined,
      )
    },
    async finish(inbox, position) {
      await change(inbox, position, async (it) =>
        it.claims > 0 ? { ...it, claims: 0, starts: 0 } : undefined,
      )
    },
  }
}
