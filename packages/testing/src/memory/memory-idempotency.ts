import type { IdempotencyStore, KeyClaim, KeyScope, KeyTerms, StoredAnswer } from '@pigeonhole/core'
import type { MemoryDatabase } from './memory-database.js'
import type { MemoryTransaction } from './memory-transaction.js'

/** A key with its answer, once there is one. */
export interface IdempotencyEntry {
  readonly fingerprint: KeyTerms['fingerprint']
  readonly answer: StoredAnswer
  /** By `performance.now()`. */
  readonly expiresAt: number
}

const unanswered: StoredAnswer = { status: null, headers: null, body: null }

type IdempotencyMethods = Pick<
  IdempotencyStore<MemoryTransaction>,
  'claimKey' | 'storeAnswer' | 'forgetAnswers'
>

/** Idempotency keys in a memory store. */
export function memoryIdempotency(database: MemoryDatabase): IdempotencyMethods {
  const { locks, idempotencyKeys: keys } = database
  return {
    async claimKey(tx: MemoryTransaction, scope: KeyScope, terms: KeyTerms): Promise<KeyClaim> {
      const row = rowOf(scope)
      const stored = keys.get(row, tx)
      const now = performance.now()
      if (stored && stored.expiresAt > now - terms.graceMs) {
        const { fingerprint, answer } = stored
        return { status: 'answered', fingerprint, answer }
      }
      if (!locks.acquireIfFree(tx, row)) return { status: 'running' }
      const { fingerprint, expiresMs } = terms
      keys.set(tx, row, { fingerprint, answer: unanswered, expiresAt: now + expiresMs })
      return { status: 'claimed' }
    },
    async storeAnswer(tx: MemoryTransaction, scope: KeyScope, answer: StoredAnswer): Promise<boolean> {
      if (!tx.isUsable) return false
      const claimed = keys.get(rowOf(scope), tx)
      if (claimed) keys.set(tx, rowOf(scope), { ...claimed, answer })
      return claimed !== undefined
    },
    forgetAnswers: ({ limit, graceMs }) =>
      database.transact(async (tx) => {
        const now = performance.now()
        const expired = [...keys.copy()]
          .filter(([row, { expiresAt }]) => expiresAt <= now - graceMs && locks.acquireIfFree(tx, row))
          .sort(([, a], [, b]) => a.expiresAt - b.expiresAt)
          .slice(0, limit)
        for (const [row] of expired) keys.set(tx, row, undefined)
        return expired.length
      }),
  }
}

function rowOf({ tenant, operation, key }: KeyScope): string {
  return JSON.stringify(['idempotency', tenant, operation, key])
}
