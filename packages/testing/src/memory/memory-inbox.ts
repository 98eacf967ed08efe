import {
  type BlockedKey,
  type InboxStore,
  type NextPosition,
  PigeonholeError,
  type PositionRange,
  type ReceivedMessage,
  type ReceivedMessages,
  type TransactionBounds,
  type Verdict,
} from '@pigeonhole/core'
import type { MemoryDatabase } from './memory-database.js'
import { memoryInboxClaims } from './memory-inbox-claims.js'
import { inboxKeyId, MemoryInboxParking, parkedOf } from './memory-inbox-parking.js'
import { memoryInboxRetention } from './memory-inbox-retention.js'
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
    if (messageIds.get(key, tx) !== undefined) return false
    await locks.acquire(tx, key).catch(failing(tx))
    if (messageIds.get(key, tx) !== undefined) return false
    messageIds.set(tx, key, performance.now())
    return true
  }
  return {
    transaction: (bounds, work) => database.transact((tx) => withinBounds(tx, bounds, work)),
    claims: memoryInboxClaims(database),
    parking: new MemoryInboxParking(database),
    retention: memoryInboxRetention(database),
    async receiveMessages(
      tx: MemoryTransaction,
      inbox: string,
      { topic, range, messages }: ReceivedMessages,
    ): Promise<Verdict[] | undefined> {
      tx.assertUsable()
      if (range && !(await advance(tx, positionKey(inbox, range), range))) return undefined
      const blocked = await blockedKeys(database, { tx, inbox, topic, messages })
      const free = messages.filter(({ key }) => key === null || !blocked.has(hex(key)))
      const names = free.flatMap(({ id }) => (id ? [messageKey(inbox, id)] : []))
      const inserted = new Set<string>()
      for (const name of [...new Set(names)].sort()) if (await insertId(tx, name)) inserted.add(name)
      return messages.map(({ id, key }) => {
        const held = key === null ? undefined : blocked.get(hex(key))
        if (held) return id && messageIds.get(messageKey(inbox, id), tx) !== undefined ? 'known' : held
        return id === null || inserted.delete(messageKey(inbox, id)) ? 'new' : 'known'
      })
    },
    isUsable: async (tx) => tx.isUsable,
    async readPositions(inbox, partitions): Promise<NextPosition[]> {
      return partitions.flatMap(({ topic, partition }) => {
        const nextOffset = positions.get(positionKey(inbox, { topic, partition }))
        return nextOffset === undefined ? [] : [{ topic, partition, nextOffset }]
      })
    },
    bindTopic: (inbox, topic, topicId) =>
      database.transact(async (tx) => {
        const key = JSON.stringify(['topic', inbox, topic])
        await locks.acquire(tx, key)
        const known = database.inboxTopics.get(key, tx)
        if (known !== undefined && hasPositions(database, inbox, topic)) return known
        const replaced = known !== undefined && known.topicId !== topicId
        const bound = { topicId, fromStart: replaced || (known?.fromStart ?? false) }
        database.inboxTopics.set(tx, key, bound)
        return bound
      }),
    async checkSchema(): Promise<void> {},
  }
}

interface Lookup {
  readonly tx: MemoryTransaction
  readonly inbox: string
  readonly topic: string
  readonly messages: readonly ReceivedMessage[]
}

// Holds each that is blocked, and looks again: who unblocks one may have held it.
async function blockedKeys(
  database: MemoryDatabase,
  { tx, inbox, topic, messages }: Lookup,
): Promise<Map<string, BlockedKey>> {
  const found = new Map<string, BlockedKey>()
  for (const key of messages.flatMap((message) => message.key ?? [])) {
    const id = inboxKeyId(inbox, topic, key)
    if (!database.inboxKeys.get(id, tx)) continue
    await database.locks.acquire(tx, id).catch(failing(tx))
    if (!database.inboxKeys.get(id, tx)) continue
    found.set(hex(key), { parked: parkedOf(database, { inbox, topic, key }, tx).length })
  }
  return found
}

function hex(key: Uint8Array): string {
  return Buffer.from(key).toString('hex')
}

function hasPositions({ positions }: MemoryDatabase, inbox: string, topic: string): boolean {
  return [...positions.copy().keys()].some((key) => {
    const [, ofInbox, ofTopic] = JSON.parse(key) as [string, string, string]
    return ofInbox === inbox && ofTopic === topic
  })
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
