import type {
  AdoptionTransaction,
  BucketRange,
  ParkedOutMessage,
  RelayBatch,
  UnsettledMessage,
  UnsettledRequest,
} from '@pigeonhole/core'
import { isIn, type MemoryDatabase, type OutboxEntry, type ShardEntry } from './memory-database.js'
import { ParkedTables, parkedKeyId } from './memory-parking.js'
import { MemoryParkingTransaction } from './memory-parking-transaction.js'
import type { MemoryTransaction } from './memory-transaction.js'

/** What an adoption does in a transaction whose guard has let it in. */
export class MemoryAdoptionTransaction extends MemoryParkingTransaction implements AdoptionTransaction {
  readonly #database: MemoryDatabase
  readonly #tx: MemoryTransaction
  readonly #shard: number
  readonly #buckets: BucketRange | null

  constructor(database: MemoryDatabase, tx: MemoryTransaction, entry: ShardEntry) {
    super(database, tx, entry)
    this.#database = database
    this.#tx = tx
    this.#shard = entry.shard
    this.#buckets = entry.buckets
  }

  // A copied cursor says nothing of what was numbered here.
  async readUnsettled({ cursor, copied, after, limit }: UnsettledRequest): Promise<UnsettledMessage[]> {
    const owned = this.#owned()
    const uncovered = new Set(
      this.#database.uncovered(this.#buckets, cursor, this.#tx).map(({ row }) => row.seq),
    )
    return owned
      .filter(({ row }) => Number(row.seq) > Number(after))
      .sort((a, b) => Number(a.row.seq) - Number(b.row.seq))
      .slice(0, limit)
      .map(({ row: { seq, id, topic, key, partition, payload }, createdAt, numberedBy }) => ({
        seq,
        id,
        topic,
        key,
        partition,
        isTombstone: payload === null,
        createdAt: performance.timeOrigin + createdAt,
        covered: !uncovered.has(seq) && !(copied && numberedBy === this.#database.systemIdentifier),
      }))
  }

  async readParkedOut(): Promise<ParkedOutMessage[]> {
    const { messages } = new ParkedTables(this.#database, { tx: this.#tx, buckets: this.#buckets })
    return messages.map(({ row: { seq, id, topic, key, partition, payload }, createdAt }) => {
      return { parkedId: seq, id, topic, key, partition, isTombstone: payload === null, createdAt }
    })
  }

  async deleteMessages(seqs: readonly string[]): Promise<void> {
    for (const seq of seqs) this.#database.outbox.set(this.#tx, seq, undefined)
  }

  async deleteParkedOut(parkedIds: readonly string[]): Promise<void> {
    for (const place of parkedIds) this.#database.parkedMessages.set(this.#tx, place, undefined)
    const parked = new ParkedTables(this.#database, { tx: this.#tx, buckets: this.#buckets })
    for (const key of parked.keys.filter((blocked) => !parked.hasMessages(blocked)))
      this.#database.parkedKeys.set(this.#tx, parkedKeyId(key.topic, key.key), undefined)
  }

  async renumberMessages(): Promise<number> {
    const { xid } = this.#tx
    const numberedBy = this.#database.systemIdentifier
    const entries = this.#owned()
    for (const entry of entries)
      this.#database.outbox.set(this.#tx, entry.row.seq, { ...entry, xid, numberedBy })
    return entries.length
  }

  async replaceBatches(batch: RelayBatch): Promise<void> {
    for (const { number, token } of this.#database.batchesOf(this.#shard, this.#tx))
      this.#database.batches.set(this.#tx, this.#key(number, token), undefined)
    const entry = { shard: this.#shard, batch }
    this.#database.batches.set(this.#tx, this.#key(batch.number, batch.token), entry)
  }

  #owned(): OutboxEntry[] {
    return this.#database.outbox.rows(this.#tx).filter((entry) => isIn(entry, this.#buckets))
  }

  #key(number: number, token: string): string {
    return `${this.#shard}/${number}/${token}`
  }
}
