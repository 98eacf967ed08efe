import {
  type ClaimTerms,
  type DueMessage,
  type InboxFailure,
  type InboxParking,
  type KillerClaim,
  mostStarts,
  type ParkableMessage,
  type ParkedPlace,
  type ParkTerms,
} from '@pigeonhole/core'
import type { MemoryDatabase } from './memory-database.js'
import type { MemoryTransaction } from './memory-transaction.js'

/** A key that an inbox has blocked. */
export interface InboxKeyEntry {
  readonly inbox: string
  readonly topic: string
  readonly key: Uint8Array
  readonly attempts: number
  /** Claims in a row without an end. */
  readonly starts: number
  /** Why it is blocked. */
  readonly failure: InboxFailure
  readonly parkedAt: number
  /** By `Date.now()`; null: when an operator says so. */
  readonly retryAt: number | null
}

/** A message that an inbox has parked. */
export interface InboxMessageEntry {
  readonly inbox: string
  readonly place: string
  readonly message: ParkableMessage
  readonly failure: InboxFailure | null
  readonly attempts: number
  readonly starts: number
  readonly parkedAt: number
  readonly retryAt: number | null
}

/** Names a blocked key, and the lock of who is about to park more of it, or to unblock it. */
export function inboxKeyId(inbox: string, topic: string, key: Uint8Array): string {
  return JSON.stringify(['parked', inbox, topic, Buffer.from(key).toString('hex')])
}

/** The lock of who handles a message of a key, or one without a key, by {@link inboxKeyId} or its place. */
export function dueLock(of: string): string {
  return `due/${of}`
}

/** The parked messages of a key, by their age, as a transaction sees them. */
export function parkedOf(
  database: MemoryDatabase,
  { inbox, topic, key }: Pick<InboxKeyEntry, 'inbox' | 'topic' | 'key'>,
  tx?: MemoryTransaction,
): InboxMessageEntry[] {
  return database.inboxMessages
    .rows(tx)
    .filter((one) => one.inbox === inbox && isOf(one.message, topic, key))
    .sort((a, b) => Number(a.place) - Number(b.place))
}

function isOf(message: ParkableMessage, topic: string, key: Uint8Array): boolean {
  return message.topic === topic && message.key !== null && Buffer.compare(message.key, key) === 0
}

/** What an inbox of a memory store does about messages that cannot be handled. */
export class MemoryInboxParking implements InboxParking<MemoryTransaction> {
  readonly #database: MemoryDatabase

  constructor(database: MemoryDatabase) {
    this.#database = database
  }

  async parkFailed(
    tx: MemoryTransaction,
    inbox: string,
    message: ParkableMessage,
    { failure, retryMs }: ParkTerms,
  ): Promise<void> {
    const { topic, key } = message
    const retryAt = retryMs === null ? null : Date.now() + retryMs
    const entry = { inbox, topic, failure, parkedAt: Date.now(), retryAt }
    if (key !== null) {
      const id = inboxKeyId(inbox, topic, key)
      await this.#database.locks.acquire(tx, id)
      if (!this.#database.inboxKeys.get(id, tx))
        this.#database.inboxKeys.set(tx, id, { ...entry, key, attempts: 0, starts: startsOf(failure) })
    }
    this.#insert(tx, inbox, message, { failure, retryAt: key === null ? retryAt : null })
  }

  async parkBehind(
    tx: MemoryTransaction,
    inbox: string,
    messages: readonly ParkableMessage[],
  ): Promise<void> {
    for (const message of messages) this.#insert(tx, inbox, message, { failure: null, retryAt: null })
  }

  claimDue(inbox: string, terms: ClaimTerms): Promise<ParkedPlace | KillerClaim | 'suspect' | undefined> {
    return this.#database.transact((tx) => this.#claim(tx, inbox, terms))
  }

  async #claim(
    tx: MemoryTransaction,
    inbox: string,
    terms: ClaimTerms,
  ): Promise<ParkedPlace | KillerClaim | 'suspect' | undefined> {
    const now = Date.now()
    const isDue = (one: { readonly inbox: string; readonly retryAt: number | null }, topic: string) =>
      one.inbox === inbox && terms.topics.includes(topic) && one.retryAt !== null && one.retryAt <= now
    const { inboxKeys, inboxMessages, locks } = this.#database
    const isFree = (row: string): boolean => locks.acquireIfFree(tx, `claim/${row}`)
    const key = inboxKeys
      .rows(tx)
      .find((one) => isDue(one, one.topic) && isFree(inboxKeyId(inbox, one.topic, one.key)))
    if (key) {
      const found = foundByStarts(key, terms)
      const id = inboxKeyId(inbox, key.topic, key.key)
      if (found !== 'suspect') inboxKeys.set(tx, id, { ...key, ...claimed(key, terms, now) })
      return claimOf(found, { topic: key.topic, key: key.key, id: null })
    }
    const one = inboxMessages
      .rows(tx)
      .find((due) => due.message.key === null && isDue(due, due.message.topic) && isFree(due.place))
    if (!one) return undefined
    const found = foundByStarts(one, terms)
    if (found !== 'suspect') inboxMessages.set(tx, one.place, { ...one, ...claimed(one, terms, now) })
    return claimOf(found, { topic: one.message.topic, key: null, id: one.place })
  }

  async readDue(tx: MemoryTransaction, inbox: string, place: ParkedPlace): Promise<DueMessage | undefined> {
    const { topic, key } = place
    if (key === null) {
      await this.#database.locks.acquire(tx, dueLock(place.id ?? ''))
      const one = this.#database.inboxMessages.get(place.id ?? '', tx)
      if (!one) return undefined
      const { place: at, message, attempts, starts } = one
      return { place: at, message, attempts, starts, isLast: true }
    }
    const id = inboxKeyId(inbox, topic, key)
    // Not the lock of who parks more: neither waits for the other.
    await this.#database.locks.acquire(tx, dueLock(id))
    const blocked = this.#database.inboxKeys.get(id, tx)
    if (!blocked) return undefined
    const [oldest, next] = parkedOf(this.#database, { inbox, topic, key }, tx)
    if (!oldest) return undefined
    const { message, attempts } = oldest
    return { place: oldest.place, message, attempts, starts: blocked.starts, isLast: next === undefined }
  }

  async removeDue(
    tx: MemoryTransaction,
    inbox: string,
    { place, message: { topic, key } }: DueMessage,
  ): Promise<void> {
    this.#database.inboxMessages.set(tx, place, undefined)
    if (key === null) return
    const id = inboxKeyId(inbox, topic, key)
    const blocked = this.#database.inboxKeys.get(id, tx)
    if (blocked)
      this.#database.inboxKeys.set(tx, id, { ...blocked, attempts: 0, starts: 0, retryAt: Date.now() })
  }

  async unblockKey(inbox: string, { topic, key }: ParkedPlace): Promise<boolean> {
    if (key === null) return false
    const id = inboxKeyId(inbox, topic, key)
    return this.#database.transact(async (tx) => {
      if (!this.#database.locks.acquireIfFree(tx, id)) return false
      if (!this.#database.inboxKeys.get(id, tx)) return false
      if (parkedOf(this.#database, { inbox, topic, key }, tx).length > 0) return false
      this.#database.inboxKeys.set(tx, id, undefined)
      return true
    })
  }

  async noteFailure(
    tx: MemoryTransaction,
    inbox: string,
    { place, message: { topic, key } }: DueMessage,
    { waits, ...failure }: InboxFailure & { readonly waits: boolean },
  ): Promise<void> {
    const { inboxKeys, inboxMessages } = this.#database
    const one = inboxMessages.get(place, tx)
    const retryAt = waits ? null : (one?.retryAt ?? null)
    if (one)
      inboxMessages.set(tx, place, {
        ...one,
        failure,
        attempts: failure.attempts,
        starts: startsOf(failure),
        retryAt,
      })
    const id = key === null ? '' : inboxKeyId(inbox, topic, key)
    const blocked = inboxKeys.get(id, tx)
    if (blocked)
      inboxKeys.set(tx, id, {
        ...blocked,
        failure,
        starts: startsOf(failure),
        ...(waits ? { retryAt: null } : {}),
      })
  }

  async returnClaim(inbox: string, { topic, key, id }: ParkedPlace): Promise<void> {
    await this.#database.transact(async (tx) => {
      const { inboxKeys, inboxMessages } = this.#database
      const name = key === null ? '' : inboxKeyId(inbox, topic, key)
      const blocked = inboxKeys.get(name, tx)
      if (blocked) inboxKeys.set(tx, name, { ...blocked, ...returned(blocked) })
      const one = inboxMessages.get(id ?? '', tx)
      if (one) inboxMessages.set(tx, one.place, { ...one, ...returned(one) })
    })
  }

  async leaveKey(inbox: string, { topic, key }: ParkedPlace): Promise<void> {
    if (key === null) return
    const id = inboxKeyId(inbox, topic, key)
    await this.#database.transact(async (tx) => {
      const blocked = this.#database.inboxKeys.get(id, tx)
      if (blocked)
        this.#database.inboxKeys.set(tx, id, { ...blocked, ...returned(blocked), retryAt: Date.now() })
    })
  }

  #insert(
    tx: MemoryTransaction,
    inbox: string,
    message: ParkableMessage,
    how: Pick<InboxMessageEntry, 'failure' | 'retryAt'>,
  ): void {
    const place = this.#database.nextPlace()
    const attempts = how.failure?.attempts ?? 0
    this.#database.inboxMessages.set(tx, place, {
      ...{ inbox, place, message, attempts, starts: startsOf(how.failure), parkedAt: Date.now() },
      ...how,
    })
  }
}

type Counts = Pick<InboxKeyEntry, 'attempts' | 'starts'>

function foundByStarts({ starts }: Counts, { alone }: ClaimTerms): 'taken' | 'suspect' | 'killer' {
  if (starts >= mostStarts) return 'killer'
  return starts > 0 && !alone ? 'suspect' : 'taken'
}

function claimOf(
  found: 'taken' | 'suspect' | 'killer',
  place: ParkedPlace,
): ParkedPlace | KillerClaim | 'suspect' {
  if (found === 'killer') return { killer: place }
  return found === 'taken' ? place : found
}

// Of a killer, one start more than it may have.
function claimed(
  { attempts, starts }: Counts,
  { leaseMs, backoff }: ClaimTerms,
  now: number,
): Counts & { readonly retryAt: number } {
  if (starts >= mostStarts) return { attempts, starts: mostStarts + 1, retryAt: now + leaseMs }
  const resting = Math.min(backoff.maxMs, backoff.initialMs * 2 ** Math.min(attempts, 30))
  return { attempts: attempts + 1, starts: starts + 1, retryAt: now + Math.max(leaseMs, resting) }
}

function startsOf(failure: InboxFailure | null): number {
  return failure?.code === 'MESSAGE_KILLS_PROCESS' ? mostStarts : 0
}

function returned(one: Counts): Counts {
  return { attempts: Math.max(0, one.attempts - 1), starts: Math.max(0, one.starts - 1) }
}
