import {
  type InboxStore,
  type NextPosition,
  PigeonholeError,
  type PositionRange,
  type TransactionBounds,
} from '@pigeonhole/core'
import type { MemoryDatabase } from './memory-database.js'
import type { MemoryTransaction } from './memory-transaction.js'

/** The inbox of a memory store. */
export function memoryInbox(database: MemoryDatabase): InboxStore<MemoryTransaction> {
  const { locks, positions, messageIds } = database
  const advance = async (
    tx: MemoryTransaction,
    key: string,
    { first, last }: PositionRange,
  ): Promise<boolean> => {
    await locks.acquire(tx, key).catch(failing(tx))
    if ((positions.get(key, tx) ?? 0n) > first) return false
    positions.set(tx, key, last + 1n)
    return true
  }
  const insertId = async (tx: MemoryTransaction, key: string): Promise<boolean> => {
    if (messageIds.get(key, tx)) return false
    await locks.acquire(tx, key).catch(failing(tx))
    if (messageIds.get(key, tx)) return false
    messageIds.set(tx, key, true)
    return true
  }
  return {
    transaction: (bounds, work) => database.transact((tx) => withinBounds(tx, bounds, work)),
    async receiveMessages(
      tx: MemoryTransaction,
      inbox: string,
      { range, ids },
    ): Promise<boolean[] | undefined> {
      tx.assertUsable()
      if (range && !(await advance(tx, positionKey(inbox, range), range))) return undefined
      const keys = ids.map((id) => messageKey(inbox, id))
      const inserted = new Set<string>()
      for (const key of [...new Set(keys)].sort()) if (await insertId(tx, key)) inserted.add(key)
      return keys.map((key) => inserted.delete(key))
    },
    isUsable: async (tx) => tx.isUsable,
    async readPositions(inbox, partitions): Promise<NextPosition[]> {
      return partitions.flatMap(({ topic, partition }) => {
        const nextOffset = positions.get(positionKey(inbox, { topic, partition }))
        return nextOffset === undefined ? [] : [{ topic, partition, nextOffset }]
      })
    },
    async checkSchema(): Promise<void> {},
  }
}

/** What a position's row is called. */
export function positionKey(
  inbox: string,
  { topic, partition }: Pick<PositionRange, 'topic' | 'partition'>,
): string {
  return JSON.stringify(['position', inbox, topic, partition])
}

/** What the row of a message's id is called. */
export function messageKey(
  inbox: string,
  { scope, id }: { readonly scope: string; readonly id: string },
): string {
  return JSON.stringify(['id', inbox, scope, id])
}

// A statement that lost a deadlock takes its transaction with it.
function failing(tx: MemoryTransaction): (error: unknown) => never {
  return (error) => {
    tx.fail()
    throw error
  }
}

async function withinBounds<R>(
  tx: MemoryTransaction,
  { timeoutMs }: TransactionBounds,
  work: (tx: MemoryTransaction) => Promise<R>,
): Promise<R> {
  let timer: NodeJS.Timeout | undefined
  const expired = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(tookTooLong(timeoutMs)), timeoutMs)
  })
  try {
    return await Promise.race([work(tx), expired])
  } finally {
    clearTimeout(timer)
  }
}

function tookTooLong(timeoutMs: number): PigeonholeError {
  return new PigeonholeError('STORE_UNAVAILABLE', {
    message: `The transaction was not done within ${timeoutMs} ms and is rolled back`,
    details: {},
    retryable: true,
  })
}
