import type {
  CapturedRow,
  MappedShard,
  PageBounds,
  ParkingLook,
  ParkingReason,
  ParkingTransaction,
  PauseDelays,
} from '@pigeonhole/core'
import type { MemoryDatabase } from './memory-database.js'
import { type ParkedEntry, ParkedTables, parkedKeyId } from './memory-parking.js'
import { sizeOf } from './memory-size.js'
import type { MemoryTransaction } from './memory-transaction.js'

/** What a guarded transaction does about messages that cannot be sent. */
export class MemoryParkingTransaction implements ParkingTransaction {
  readonly #database: MemoryDatabase
  readonly #tx: MemoryTransaction
  readonly #mapped: MappedShard
  readonly #shard: number
  readonly #parked: ParkedTables

  constructor(database: MemoryDatabase, tx: MemoryTransaction, mapped: MappedShard) {
    this.#database = database
    this.#tx = tx
    this.#mapped = mapped
    this.#shard = mapped.shard
    this.#parked = new ParkedTables(database, { tx, buckets: mapped.buckets })
  }

  async openParking(): Promise<boolean> {
    for (const entry of this.#parked.messages) {
      const { topic } = entry.row
      if (!this.#parked.isHeldByPause(entry) || this.#parked.pauseOf(this.#shard, topic)) continue
      const { error } = entry
      await this.pauseTopic(topic, { code: 'TOPIC_MISSING', error }, { initialMs: 0, maxMs: 0 })
    }
    return look(this.#database, this.#mapped, this.#tx).parked
  }

  async parkMessage({ seq }: Pick<CapturedRow, 'seq'>, reason: ParkingReason): Promise<boolean> {
    const entry = this.#database.outbox.get(seq, this.#tx)
    if (!entry) return false
    this.#move(seq, { errorCode: reason.code, error: reason.error, attempts: 1 })
    this.#block(entry.row, reason)
    return true
  }

  async parkBlocked(rows: readonly CapturedRow[]): Promise<ReadonlySet<string>> {
    const moved = new Set<string>()
    for (const row of [...rows].sort((a, b) => Number(a.seq) - Number(b.seq))) {
      const blocked = this.#parked.keyOf(row) ?? this.#parked.pauseOf(this.#shard, row.topic)
      if (!blocked || !this.#database.outbox.get(row.seq, this.#tx)) continue
      this.#move(row.seq, { errorCode: null, error: blocked.error, attempts: 0 })
      moved.add(row.seq)
    }
    return moved
  }

  async pauseTopic(topic: string, { code, error }: ParkingReason, delays: PauseDelays): Promise<number> {
    const earlier = this.#parked.pauseOf(this.#shard, topic)
    const attempts = (earlier?.attempts ?? 0) + 1
    const restMs = Math.min(delays.initialMs * 2 ** (attempts - 1), delays.maxMs)
    const since = earlier?.since ?? Date.now()
    const retryAt = Date.now() + restMs
    const entry = { shard: this.#shard, topic, errorCode: code, error, attempts, since, retryAt }
    this.#database.pausedTopics.set(this.#tx, `${this.#shard}/${topic}`, entry)
    return restMs
  }

  async readReleases({ maxRows, maxBytes }: PageBounds): Promise<readonly CapturedRow[]> {
    const rows: CapturedRow[] = []
    let bytes = 0
    for (const { row } of this.#parked.messages.filter((entry) => this.#isDue(entry))) {
      bytes += sizeOf(row)
      if (rows.length === maxRows || (rows.length > 0 && bytes > maxBytes)) break
      rows.push(row)
    }
    return rows
  }

  async applyReleases(places: readonly string[]): Promise<readonly string[]> {
    for (const place of places) this.#database.parkedMessages.set(this.#tx, place, undefined)
    for (const key of this.#parked.keys.filter((blocked) => !this.#parked.hasMessages(blocked)))
      this.#database.parkedKeys.set(this.#tx, parkedKeyId(key.topic, key.key), undefined)
    const lifted = this.#parked.topics.filter(
      ({ shard, topic, retryAt }) => shard === this.#shard && retryAt <= Date.now() && !this.#holds(topic),
    )
    for (const { topic } of lifted)
      this.#database.pausedTopics.set(this.#tx, `${this.#shard}/${topic}`, undefined)
    return lifted.map(({ topic }) => topic)
  }

  async refuseRelease(place: string, reason: ParkingReason): Promise<void> {
    const entry = this.#database.parkedMessages.get(place, this.#tx)
    if (!entry) return
    const { code: errorCode, error } = reason
    const refused = { ...entry, errorCode, error, attempts: entry.attempts + 1, retryAt: null }
    this.#database.parkedMessages.set(this.#tx, place, refused)
    this.#block(entry.row, reason)
  }

  #move(seq: string, why: Pick<ParkedEntry, 'errorCode' | 'error' | 'attempts'>): void {
    const entry = this.#database.outbox.get(seq, this.#tx)
    if (!entry) return
    const place = this.#database.nextPlace()
    const parkedAt = Date.now()
    const createdAt = parkedAt - (performance.now() - entry.createdAt)
    const parked = { ...why, row: { ...entry.row, seq: place }, createdAt, parkedAt, retryAt: null }
    this.#database.outbox.set(this.#tx, seq, undefined)
    this.#database.parkedMessages.set(this.#tx, place, parked)
  }

  #block(row: CapturedRow, { code: errorCode, error }: ParkingReason): void {
    const { topic, key, bucket } = row
    if (key === null) return
    const earlier = this.#parked.keyOf(row)
    const attempts = (earlier?.attempts ?? 0) + 1
    const since = earlier?.since ?? Date.now()
    const entry = { topic, key, bucket, errorCode, error, attempts, since, retryAt: null }
    this.#database.parkedKeys.set(this.#tx, parkedKeyId(topic, key), entry)
  }

  #isDue(entry: ParkedEntry): boolean {
    const pause = this.#parked.pauseOf(this.#shard, entry.row.topic)
    if (pause) return isPast(pause.retryAt) && this.#parked.isHeldByPause(entry)
    return isPast(entry.row.key === null ? entry.retryAt : this.#parked.keyOf(entry.row)?.retryAt)
  }

  #holds(topic: string): boolean {
    return this.#parked.messages.some(
      (entry) => entry.row.topic === topic && this.#parked.isHeldByPause(entry),
    )
  }
}

/** What is parked, and whether something of it is due. */
export function look(
  database: MemoryDatabase,
  { shard, buckets }: MappedShard,
  tx?: MemoryTransaction,
): ParkingLook {
  const parked = new ParkedTables(database, { tx, buckets })
  const topics = parked.topics.filter((pause) => pause.shard === shard)
  const isOpen = (topic: string): boolean => !topics.some((pause) => pause.topic === topic)
  return {
    parked: topics.length > 0 || parked.keys.length > 0 || parked.messages.length > 0,
    due:
      topics.some(({ retryAt }) => isPast(retryAt)) ||
      parked.keys.some(({ topic, retryAt }) => isPast(retryAt) && isOpen(topic)) ||
      parked.messages.some(({ row, retryAt }) => isPast(retryAt) && isOpen(row.topic)),
  }
}

function isPast(time: number | null | undefined): boolean {
  return time !== null && time !== undefined && time <= Date.now()
}
