import type { InboxClaims } from '../ports/inbox-claims.js'
import type { DueMessage, InboxParking } from '../ports/inbox-parking.js'
import type { ForgetTerms, InboxRetention } from '../ports/inbox-retention.js'
import type {
  BlockedKey,
  BoundTopic,
  InboxStore,
  NextPosition,
  ReceivedMessages,
  Verdict,
} from '../ports/inbox-store.js'
import type { TransactionBounds } from '../ports/transaction-store.js'

/** An open transaction of {@link JournalingInboxStore}. */
export interface JournalingTx {
  readonly writes: Map<string, bigint>
  usable: boolean
}

/** A store in memory that commits or forgets a transaction's writes as a whole, and keeps a journal of its calls. */
export class JournalingInboxStore implements InboxStore<JournalingTx> {
  readonly journal: string[] = []
  readonly committed = new Map<string, bigint>()
  bounds: TransactionBounds | undefined
  /** What the next commits reject with, one after the other. */
  readonly commitErrors: unknown[] = []

  async transaction<R>(bounds: TransactionBounds, work: (tx: JournalingTx) => Promise<R>): Promise<R> {
    this.bounds = bounds
    this.journal.push('begin')
    const tx: JournalingTx = { writes: new Map(), usable: true }
    try {
      const result = await work(tx)
      const error = this.commitErrors.shift()
      if (error !== undefined) throw error
      for (const [row, value] of tx.writes) this.committed.set(row, value)
      this.journal.push('commit')
      return result
    } catch (error) {
      this.journal.push('rollback')
      throw error
    }
  }

  /** The keys that are blocked. */
  readonly blocked = new Map<string, BlockedKey>()
  /** What is claimed next. */
  due: DueMessage | undefined
  /** Whether what is claimed next has killed its processes too often. */
  isKiller = false
  /** Whether the message that is due is gone when it is read. */
  isGone = false
  /** Whether someone is about to park more of each key. */
  isAboutToPark = false

  async receiveMessages(
    tx: JournalingTx,
    inbox: string,
    { range, messages }: ReceivedMessages,
  ): Promise<Verdict[] | undefined> {
    const withId = messages.some(({ id }) => id !== null)
    this.journal.push(['receive', ...(range ? ['position'] : []), ...(withId ? ['id'] : [])].join(' '))
    if (range) {
      const row = `position ${inbox} ${range.topic} ${range.partition}`
      if ((this.committed.get(row) ?? 0n) > range.first) return undefined
      tx.writes.set(row, range.last + 1n)
    }
    return messages.map(({ id, key }) => {
      const blocked = key === null ? undefined : this.blocked.get(Buffer.from(key).toString())
      if (blocked) return blocked
      if (id === null) return 'new'
      const row = `id ${inbox} ${id.scope} ${id.id}`
      if (this.committed.has(row) || tx.writes.has(row)) return 'known'
      tx.writes.set(row, 1n)
      return 'new'
    })
  }

  readonly claims: InboxClaims = {
    claim: async () => ({ claims: 1, starts: 0 }),
    wait: async () => undefined,
    start: async () => 1,
    end: async () => undefined,
    finish: async () => undefined,
  }

  /** How many ids are forgotten with each call. */
  readonly old: number[] = []

  readonly retention: InboxRetention = {
    forget: async (_inbox, { keepMs, limit }: ForgetTerms) => {
      this.journal.push(`forget ${limit} older than ${keepMs}`)
      return this.old.shift() ?? 0
    },
  }

  readonly parking: InboxParking<JournalingTx> = {
    parkFailed: async (_tx, _inbox, { offset }, { failure, retryMs }) => {
      this.journal.push(`park ${offset} ${failure.code} ${failure.attempts} ${retryMs}`)
    },
    parkBehind: async (_tx, _inbox, messages) => {
      this.journal.push(`park behind ${messages.map(({ offset }) => offset).join(' ')}`)
    },
    claimDue: async () => {
      this.journal.push('claim')
      if (!this.due) return undefined
      const place = { topic: this.due.message.topic, key: this.due.message.key, id: null }
      return this.isKiller ? { killer: place } : place
    },
    readDue: async () => {
      this.journal.push('read due')
      return this.isGone ? undefined : this.due
    },
    removeDue: async () => {
      this.journal.push('remove due')
    },
    unblockKey: async () => {
      this.journal.push('unblock')
      return !this.isAboutToPark
    },
    noteFailure: async (_tx, _inbox, _due, { code, attempts, waits }) => {
      this.journal.push(`failed ${code} ${attempts} ${waits ? 'waits' : 'again'}`)
    },
    returnClaim: async () => {
      this.journal.push('return claim')
    },
    leaveKey: async () => {
      this.journal.push('leave key')
    },
  }

  async isUsable(tx: JournalingTx): Promise<boolean> {
    this.journal.push('usable?')
    return tx.usable
  }

  async readPositions(
    inbox: string,
    partitions: readonly { readonly topic: string; readonly partition: number }[],
  ): Promise<NextPosition[]> {
    return partitions.flatMap(({ topic, partition }) => {
      const nextOffset = this.committed.get(`position ${inbox} ${topic} ${partition}`)
      return nextOffset === undefined ? [] : [{ topic, partition, nextOffset }]
    })
  }

  async bindTopic(_inbox: string, _topic: string, topicId: string): Promise<BoundTopic> {
    return { topicId, fromStart: false }
  }

  async checkSchema(): Promise<void> {
    this.journal.push('schema?')
  }
}
