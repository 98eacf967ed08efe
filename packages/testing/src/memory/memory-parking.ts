import type { BucketRange, CapturedRow } from '@pigeonhole/core'
import { allBuckets, isIn, type MemoryDatabase } from './memory-database.js'
import type { MemoryTransaction } from './memory-transaction.js'

/** A key that is blocked on the way out. */
export interface ParkedKeyEntry {
  readonly topic: string
  readonly key: Uint8Array
  readonly bucket: number
  readonly errorCode: string
  readonly error: string
  readonly attempts: number
  /** By `Date.now()`, as all times here. */
  readonly since: number
  readonly retryAt: number | null
}

/** A parked message. The `seq` of its row is its place among the parked ones. */
export interface ParkedEntry {
  readonly row: CapturedRow
  /** Null: it was not refused itself. */
  readonly errorCode: string | null
  readonly error: string
  readonly attempts: number
  readonly createdAt: number
  readonly parkedAt: number
  readonly retryAt: number | null
}

/** A topic that a shard has paused. */
export interface PausedTopicEntry {
  readonly shard: number
  readonly topic: string
  readonly errorCode: string
  readonly error: string
  readonly attempts: number
  readonly since: number
  readonly retryAt: number
}

/** Whose eyes parked messages are seen with. */
export interface ParkedView {
  readonly tx?: MemoryTransaction | undefined
  /** What a shard owns. Default: everything. */
  readonly buckets?: BucketRange | null
}

/** What is parked, as a transaction sees it; without one, as it is committed. */
export class ParkedTables {
  readonly #database: MemoryDatabase
  readonly #tx: MemoryTransaction | undefined
  readonly #buckets: BucketRange | null

  constructor(database: MemoryDatabase, { tx, buckets = allBuckets }: ParkedView = {}) {
    this.#database = database
    this.#tx = tx
    this.#buckets = buckets
  }

  /** By their places. */
  get messages(): ParkedEntry[] {
    const messages = this.#database.parkedMessages.rows(this.#tx).filter((one) => isIn(one, this.#buckets))
    return messages.sort((a, b) => Number(a.row.seq) - Number(b.row.seq))
  }

  get keys(): ParkedKeyEntry[] {
    return this.#database.parkedKeys.rows(this.#tx).filter((row) => isIn({ row }, this.#buckets))
  }

  get topics(): PausedTopicEntry[] {
    return this.#database.pausedTopics.rows(this.#tx)
  }

  keyOf({ topic, key }: Pick<CapturedRow, 'topic' | 'key'>): ParkedKeyEntry | undefined {
    return key === null ? undefined : this.#database.parkedKeys.get(parkedKeyId(topic, key), this.#tx)
  }

  pauseOf(shard: number, topic: string): PausedTopicEntry | undefined {
    return this.#database.pausedTopics.get(`${shard}/${topic}`, this.#tx)
  }

  /** Whether nothing but the pause of its topic holds a message. */
  isHeldByPause({ row, errorCode }: ParkedEntry): boolean {
    return row.key === null ? errorCode === null : this.keyOf(row) === undefined
  }

  /** Whether a blocked key has messages. */
  hasMessages({ topic, key }: ParkedKeyEntry): boolean {
    return this.messages.some(({ row }) => row.key !== null && isSameKey(row, topic, key))
  }
}

/** Names a blocked key. */
export function parkedKeyId(topic: string, key: Uint8Array): string {
  return `${topic}/${Buffer.from(key).toString('hex')}`
}

/** Whether a message is one of a topic and key. */
export function isSameKey(row: Pick<CapturedRow, 'topic' | 'key'>, topic: string, key: Uint8Array): boolean {
  return row.topic === topic && row.key !== null && Buffer.compare(row.key, key) === 0
}
