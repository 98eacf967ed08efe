import type {
  Cleaning,
  Cursor,
  GuardedTransaction,
  Page,
  PageBounds,
  Reclaimed,
  RelayBatch,
  RelayIdentity,
  ShardFacts,
} from '@pigeonhole/core'
import { MemoryAdoptionTransaction } from './memory-adoption-transaction.js'
import type { MemoryDatabase, OutboxEntry, ShardEntry } from './memory-database.js'
import { reclaim } from './memory-reclaim.js'
import { sizeOf } from './memory-size.js'
import type { MemoryTransaction } from './memory-transaction.js'
import { isVisible, parseSnapshot } from './snapshot.js'

/** What a relay does in a transaction whose guard has let it in. */
export class MemoryGuardedTransaction extends MemoryAdoptionTransaction implements GuardedTransaction {
  readonly #database: MemoryDatabase
  readonly #tx: MemoryTransaction
  readonly #shard: number
  readonly #entry: ShardEntry

  /** `entry`: the shard as the guard found it. */
  constructor(database: MemoryDatabase, tx: MemoryTransaction, entry: ShardEntry) {
    super(database, tx, entry)
    this.#database = database
    this.#tx = tx
    this.#shard = entry.shard
    this.#entry = entry
  }

  async readFacts(): Promise<ShardFacts> {
    const { identity, systemIdentifier, shards, nextXid } = this.#database
    return {
      recorded: identity.get('relay', this.#tx) ?? null,
      systemIdentifier,
      confirmed: shards.get(String(this.#shard), this.#tx)?.confirmed ?? 0,
      batches: this.#batches(),
      origin: this.#entry.origin,
      xidAhead: this.#xidAhead(),
      serverXid: String(nextXid),
    }
  }

  async readSnapshot(): Promise<string> {
    // It has one from the guard on, as in PostgreSQL.
    void this.#tx.xid
    return this.#database.snapshot()
  }

  async hasBatch(shard: number, batch: Pick<RelayBatch, 'number' | 'token'>): Promise<boolean> {
    return this.#database
      .batchesOf(shard, this.#tx)
      .some(({ number, token }) => number === batch.number && token === batch.token)
  }

  async writeIdentity(identity: RelayIdentity): Promise<void> {
    this.#database.identity.set(this.#tx, 'relay', identity)
  }

  async confirm(number: number): Promise<void> {
    const { shards } = this.#database
    const key = String(this.#shard)
    const entry = shards.get(key, this.#tx) ?? this.#entry
    shards.set(this.#tx, key, { ...entry, confirmed: Math.max(entry.confirmed, number) })
  }

  async agree(): Promise<void> {
    const entry = this.#database.shards.get(String(this.#shard), this.#tx)
    if (entry) this.#database.shards.set(this.#tx, String(this.#shard), { ...entry, agreed: entry.token })
  }

  async deleteOtherBatches(keep: Pick<RelayBatch, 'number' | 'token'> | null): Promise<void> {
    this.#deleteBatches(({ number, token }) => number !== keep?.number || token !== keep.token)
  }

  async deleteBatchesBelow(number: number): Promise<void> {
    this.#deleteBatches((batch) => batch.number < number)
  }

  async readPage(cursor: Cursor, bounds: PageBounds): Promise<Page> {
    const { from, until, lastSeq } = cursor
    if (until === null) return this.#readFirstPage(cursor, from, bounds)
    const rest = this.#between(from, until).filter(({ row }) => Number(row.seq) > Number(lastSeq))
    if (rest.length === 0) return this.#readFirstPage(cursor, until, bounds)
    return pageOf(rest, { from, until, bounds })
  }

  async readPageUntil(cursor: Cursor, until: string, bounds: PageBounds): Promise<Page> {
    const { from, until: end, lastSeq } = cursor
    if (end === null) return pageOf(this.#between(from, until), { from, until, bounds })
    const rest = this.#between(from, end).filter(({ row }) => Number(row.seq) > Number(lastSeq))
    if (rest.length > 0) return pageOf(rest, { from, until: end, bounds })
    return pageOf(this.#between(end, until), { from: end, until, bounds })
  }

  async passOver(cursor: Cursor): Promise<Cursor | null> {
    const from = this.#database.snapshot()
    const own = this.#database.uncovered(this.#entry.buckets, cursor, this.#tx)
    return own.length > 0 ? null : { from, until: null, lastSeq: '0' }
  }

  async insertBatch(batch: RelayBatch): Promise<boolean> {
    const { number, token, parent } = batch
    const isParent = (other: RelayBatch): boolean => other.number === number - 1 && other.token === parent
    if (number !== 0 && !this.#batches().some(isParent)) return false
    this.#database.batches.set(this.#tx, this.#key(number, token), { shard: this.#shard, batch })
    return true
  }

  async reclaim(cleaning: Cleaning): Promise<Reclaimed> {
    return reclaim(this.#database, this.#tx, cleaning)
  }

  #batches(): RelayBatch[] {
    return this.#database.batchesOf(this.#shard, this.#tx)
  }

  #key(number: number, token: string): string {
    return `${this.#shard}/${number}/${token}`
  }

  #deleteBatches(isDeleted: (batch: RelayBatch) => boolean): void {
    for (const batch of this.#batches().filter(isDeleted)) {
      this.#database.batches.set(this.#tx, this.#key(batch.number, batch.token), undefined)
    }
  }

  #between(from: string, until: string): OutboxEntry[] {
    const cursor: Cursor = { from, until: null, lastSeq: '0' }
    return this.#database
      .uncovered(this.#entry.buckets, cursor, this.#tx)
      .filter(({ xid }) => isVisible(xid, until))
  }

  #readFirstPage(cursor: Cursor, from: string, bounds: PageBounds): Page {
    const until = this.#database.snapshot()
    const found = this.#between(from, until)
    return found.length === 0 ? { rows: [], cursor } : pageOf(found, { from, until, bounds })
  }

  #xidAhead(): string | null {
    const { nextXid } = this.#database
    const cursors = this.#batches().flatMap(({ cursor: { from, until } }) => [from, until ?? from])
    // A snapshot's xmax may be the next id; a committed row's is one that was given.
    const recorded = cursors.map((text) => parseSnapshot(text).xmax).filter((xmax) => xmax > nextXid)
    const rows = this.#database.outbox.rows(this.#tx).map(({ xid }) => xid)
    const ahead = [...recorded, ...rows.filter((xid) => xid >= nextXid)]
    return ahead.length === 0 ? null : String(Math.max(...ahead))
  }
}

interface Capture {
  readonly from: string
  readonly until: string
  readonly bounds: PageBounds
}

function pageOf(found: readonly OutboxEntry[], { from, until, bounds }: Capture): Page {
  const rows = cut(found, bounds).map(({ row }) => row)
  const last = rows.at(-1)
  const complete = rows.length === found.length && rows.length < bounds.maxRows
  const cursor: Cursor =
    complete || !last ? { from: until, until: null, lastSeq: '0' } : { from, until, lastSeq: last.seq }
  return { rows, cursor }
}

// The first one stays, whatever its size.
function cut(found: readonly OutboxEntry[], { maxRows, maxBytes }: PageBounds): OutboxEntry[] {
  let bytes = 0
  const end = found.findIndex(({ row }, index) => {
    bytes += sizeOf(row)
    return index === maxRows || (index > 0 && bytes > maxBytes)
  })
  return found.slice(0, end === -1 ? found.length : end)
}
