import { randomUUID } from 'node:crypto'
import {
  type BoundTopic,
  type BucketRange,
  type CapturedRow,
  type Cursor,
  type Lease,
  type MappedShard,
  originCursor,
  type RelayBatch,
  type RelayIdentity,
  type ShardStatus,
} from '@pigeonhole/core'
import type { IdempotencyEntry } from './memory-idempotency.js'
import type { MemoryImage } from './memory-image.js'
import type { ClaimEntry } from './memory-inbox-claims.js'
import type { InboxKeyEntry, InboxMessageEntry } from './memory-inbox-parking.js'
import type { ParkedEntry, ParkedKeyEntry, PausedTopicEntry } from './memory-parking.js'
import { MemoryTable } from './memory-table.js'
import { MemoryTransaction } from './memory-transaction.js'
import { RowLocks } from './row-locks.js'
import { formatSnapshot, isVisible } from './snapshot.js'

/** A message with what the outbox's table adds to it. */
export interface OutboxEntry {
  readonly row: CapturedRow
  readonly xid: number
  /** The system that gave the row its xid: in PostgreSQL the row's own xmin tells. */
  readonly numberedBy: string
  /** By `performance.now()`. */
  readonly createdAt: number
  /** The partition that it is in. */
  readonly slot: number
}

/** Which partition is written to, and when the others were closed, by `performance.now()`. */
export interface RingEntry {
  readonly slot: number
  readonly openedAt: number
  readonly closedAt: readonly (number | null)[]
}

/** A shard with its lease. */
export interface ShardEntry extends Lease, MappedShard {
  /** The token under which both sides were found to agree. */
  readonly agreed: string | null
  readonly origin: string | null
}

/** A lease that nobody has had. */
export const freshLease: Lease & Pick<ShardEntry, 'agreed'> = {
  holder: null,
  token: null,
  renewal: 0,
  confirmed: 0,
  agreed: null,
}

/** What a shard's row is called where it is locked. */
export function shardRow(shard: number): string {
  return `shard/${shard}`
}

/** Every bucket. */
export const allBuckets: BucketRange = { first: 0, last: 255 }

/** A batch with its shard. */
export interface BatchEntry {
  readonly shard: number
  readonly batch: RelayBatch
}

/** The tables in memory, with transactions that are told apart as PostgreSQL tells them: by ids and snapshots. */
export class MemoryDatabase {
  readonly systemIdentifier: string
  readonly locks: RowLocks = new RowLocks()
  readonly outbox: MemoryTable<OutboxEntry> = new MemoryTable()
  readonly positions: MemoryTable<bigint> = new MemoryTable()
  readonly claims: MemoryTable<ClaimEntry> = new MemoryTable()
  readonly inboxTopics: MemoryTable<BoundTopic> = new MemoryTable()
  /** When each was received, by `performance.now()`. */
  readonly messageIds: MemoryTable<number> = new MemoryTable()
  /** Up to where an inbox reads again, by the position's key. */
  readonly replays: MemoryTable<bigint> = new MemoryTable()
  /** Up to when an inbox has forgotten ids, by `performance.now()`. */
  readonly forgotten: MemoryTable<number> = new MemoryTable()
  readonly shards: MemoryTable<ShardEntry> = new MemoryTable()
  readonly batches: MemoryTable<BatchEntry> = new MemoryTable()
  readonly identity: MemoryTable<RelayIdentity> = new MemoryTable()
  readonly ringRow: MemoryTable<RingEntry> = new MemoryTable()
  readonly parkedKeys: MemoryTable<ParkedKeyEntry> = new MemoryTable()
  readonly parkedMessages: MemoryTable<ParkedEntry> = new MemoryTable()
  readonly inboxKeys: MemoryTable<InboxKeyEntry> = new MemoryTable()
  readonly inboxMessages: MemoryTable<InboxMessageEntry> = new MemoryTable()
  readonly pausedTopics: MemoryTable<PausedTopicEntry> = new MemoryTable()
  readonly idempotencyKeys: MemoryTable<IdempotencyEntry> = new MemoryTable()
  readonly #running = new Set<number>()
  #lastXid = 2
  #lastEnded = 2
  readonly #open = new Set<MemoryTransaction>()
  #lastSeq = 0
  #lastPlace = 0

  constructor(image?: MemoryImage) {
    this.systemIdentifier = image?.systemIdentifier ?? randomUUID()
    if (image) this.restore(image)
  }

  begin(): MemoryTransaction {
    const begun = this.#newTransaction()
    this.#open.add(begun)
    return begun
  }

  #newTransaction(): MemoryTransaction {
    return new MemoryTransaction({
      assignXid: () => {
        this.#lastXid += 1
        this.#running.add(this.#lastXid)
        return this.#lastXid
      },
      ended: (tx, xid) => {
        if (xid !== undefined) {
          this.#running.delete(xid)
          this.#lastEnded = Math.max(this.#lastEnded, xid)
        }
        this.#open.delete(tx)
        this.locks.releaseAll(tx)
      },
    })
  }

  /** The transactions that have not ended, in the order in which they began. */
  get open(): readonly MemoryTransaction[] {
    return [...this.#open]
  }

  /** All that is committed, and the counters. */
  image(): MemoryImage {
    const tables = this.#tables().map((table) => table.copy())
    const { systemIdentifier } = this
    const counters = { lastXid: this.#lastXid, lastSeq: this.#lastSeq, lastPlace: this.#lastPlace }
    return { systemIdentifier, tables, ...counters }
  }

  /** Ends every transaction and goes back to `image`: transaction ids given out since then are given out again. */
  restore({ tables, lastXid, lastSeq, lastPlace }: MemoryImage): void {
    for (const tx of this.#open) void tx.rollback()
    for (const [index, table] of this.#tables().entries()) table.restore(tables[index] ?? new Map())
    this.#lastXid = lastXid
    this.#lastEnded = lastXid
    this.#lastSeq = lastSeq
    this.#lastPlace = lastPlace
  }

  #tables(): MemoryTable<unknown>[] {
    return Object.values(this).filter((value) => value instanceof MemoryTable)
  }

  get ring(): RingEntry {
    return this.ringRow.get('ring') ?? { slot: 0, openedAt: 0, closedAt: [null, null, null, null] }
  }

  /** Runs `work` in a transaction: commits when it resolves, rolls back when it rejects. */
  async transact<R>(work: (tx: MemoryTransaction) => Promise<R>): Promise<R> {
    const tx = this.begin()
    try {
      const result = await work(tx)
      await tx.commit()
      return result
    } catch (error) {
      await tx.rollback()
      throw error
    }
  }

  /** The id behind the last transaction that has ended. */
  get nextXid(): number {
    return this.#lastEnded + 1
  }

  snapshot(): string {
    const xmax = this.nextXid
    return formatSnapshot({ xmax, running: [...this.#running].filter((xid) => xid < xmax) })
  }

  /** Never given back, as a sequence. */
  nextSeq(): string {
    this.#lastSeq += 1
    return String(this.#lastSeq)
  }

  /** Of a parked message; never given back. */
  nextPlace(): string {
    this.#lastPlace += 1
    return String(this.#lastPlace)
  }

  /** The committed messages of some buckets that no batch up to the cursor holds, by seq. */
  uncovered(buckets: BucketRange | null, cursor: Cursor, tx?: MemoryTransaction): OutboxEntry[] {
    return this.outbox
      .rows(tx)
      .filter((entry) => isIn(entry, buckets) && !isCoveredBy(entry, cursor))
      .sort((a, b) => Number(a.row.seq) - Number(b.row.seq))
  }

  /** The batches of a shard in the order of their numbers. */
  batchesOf(shard: number, tx?: MemoryTransaction): RelayBatch[] {
    return this.batches
      .rows(tx)
      .filter((entry) => entry.shard === shard)
      .map(({ batch }) => batch)
      .sort((a, b) => a.number - b.number)
  }

  /** The shards by their numbers. */
  shardMap(): ShardEntry[] {
    return this.shards.rows().sort((a, b) => a.shard - b.shard)
  }

  /** The shards as `status` shows them. */
  shardStatus(): ShardStatus[] {
    return this.shardMap().map(({ shard, buckets, holder, confirmed }) => {
      const pending = this.uncovered(buckets, this.confirmedCursor(shard) ?? originCursor)
      return { shard, buckets, holder, confirmed, ...summaryOf(pending) }
    })
  }

  /** The cursor of a shard's confirmed batch. */
  confirmedCursor(shard: number): Cursor | null {
    const confirmed = this.shards.get(String(shard))?.confirmed
    return this.batchesOf(shard).find(({ number }) => number === confirmed)?.cursor ?? null
  }
}

/** Whether a message is one of `buckets`. */
export function isIn(
  { row }: { readonly row: { readonly bucket: number } },
  buckets: BucketRange | null,
): boolean {
  return buckets !== null && row.bucket >= buckets.first && row.bucket <= buckets.last
}

/** How many messages wait, and for how long. */
export function summaryOf(
  pending: readonly OutboxEntry[],
): Pick<ShardStatus, 'pending' | 'oldestAgeSeconds'> {
  const oldest = pending.map(({ createdAt }) => createdAt).sort((a, b) => a - b)[0]
  const oldestAgeSeconds = oldest === undefined ? null : (performance.now() - oldest) / 1000
  return { pending: pending.length, oldestAgeSeconds }
}

function isCoveredBy({ row, xid }: OutboxEntry, { from, until, lastSeq }: Cursor): boolean {
  if (isVisible(xid, from)) return true
  return until !== null && isVisible(xid, until) && Number(row.seq) <= Number(lastSeq)
}
