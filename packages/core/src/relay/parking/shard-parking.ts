import type { Emitter } from '../../events/emitter.js'
import type { PauseDelays } from '../../ports/parking.js'
import type {
  CapturedRow,
  GuardedTransaction,
  PageBounds,
  RelayBatch,
  RelayStore,
} from '../../ports/relay-store.js'
import type { Backoff } from '../../retry/backoff.js'
import type { RelayEvents } from '../relay-events.js'
import { writeBatch } from '../write-batch.js'
import { type BatchInFlight, type Fault, reasonOf } from './fault.js'

/** What the parking of a shard works with. */
export interface ShardParkingParts {
  readonly store: Pick<RelayStore, 'lookAtParking'>
  readonly shard: number
  readonly backoff: Backoff
  readonly events: Emitter<RelayEvents>
}

/** How parked messages are sent. */
export interface Sending {
  /** Aborts when nothing more is to be sent. */
  readonly reading: AbortSignal
  readonly bounds: PageBounds
  guarded<R>(work: (tx: GuardedTransaction, confirmed: RelayBatch) => Promise<R>): Promise<R>
  publish(batch: BatchInFlight): Promise<void>
}

const releasesInARow = 4

/** A batch of parked messages, or none. */
interface Release {
  readonly batch: RelayBatch | undefined
  readonly rows: readonly CapturedRow[]
  readonly announce: Announcement
}

/** Tells of what a transaction did, once it is committed. */
export type Announcement = () => void

/**
 * What is parked of a shard, while it is open. That nothing is parked is known without a look: nobody but the shard itself
 * parks, and an operator only takes away.
 */
export class ShardParking {
  readonly #parts: ShardParkingParts
  readonly #delays: PauseDelays
  #parked: boolean

  /** `parked`: what the opening found. */
  constructor(parts: ShardParkingParts, parked: boolean) {
    this.#parts = parts
    this.#parked = parked
    const { initialMs, maxMs } = parts.backoff
    this.#delays = { initialMs: initialMs * 5, maxMs: maxMs * 3 }
  }

  /** Whether parked messages are to be sent again now. */
  async isDue(): Promise<boolean> {
    if (!this.#parked) return false
    const { parked, due } = await this.#parts.store.lookAtParking(this.#parts.shard)
    this.#parked = parked
    return due
  }

  /**
   * Parks the record, or pauses the topic, for which a batch has failed. A record only where `confirmed` is what that batch
   * was to follow: otherwise another relay has been here, and may have sent it.
   */
  async settle(tx: GuardedTransaction, fault: Fault, confirmed: RelayBatch): Promise<Announcement> {
    const { events, shard } = this.#parts
    this.#parked = true
    if (fault.kind === 'topic') {
      const { topic, error } = fault
      const delayMs = await tx.pauseTopic(topic, reasonOf(fault), this.#delays)
      return () => events.emit('topic:paused', { shard, topic, delayMs, error })
    }
    const { row, batch, error } = fault
    if (confirmed.token !== batch.parent) return () => undefined
    if (batch.releases) await tx.refuseRelease(row.seq, reasonOf(fault))
    else if (!(await tx.parkMessage(row, reasonOf(fault)))) return () => undefined
    const { topic, keyHash } = error.details
    return () => events.emit('record:parked', { shard, topic, keyHash, messageId: row.id, error })
  }

  /** Parks those of a page that must not be sent, and returns the others. */
  async sift(
    tx: GuardedTransaction,
    rows: readonly CapturedRow[],
  ): Promise<{ readonly rows: readonly CapturedRow[]; readonly announce: Announcement }> {
    const moved = this.#parked ? await tx.parkBlocked(rows) : undefined
    if (!moved?.size) return { rows, announce: () => undefined }
    const { events, shard } = this.#parts
    return {
      rows: rows.filter(({ seq }) => !moved.has(seq)),
      announce: () => events.emit('messages:parked', { shard, rows: moved.size }),
    }
  }

  /**
   * Sends parked messages that are due, in batches of their own, a few in a row: pages come in between, so that a long pause
   * of one topic does not hold up the others when it ends. Each batch is off the parked ones before the next is read, and
   * its keys stay blocked until then: Kafka has confirmed it.
   */
  async sendDue({ reading, bounds, guarded, publish }: Sending): Promise<void> {
    for (let turn = 0; turn < releasesInARow && !reading.aborted; turn++) {
      const release = await guarded((tx, parent) => this.#release(tx, parent, bounds))
      release.announce()
      const { batch, rows } = release
      if (!batch) return
      await publish({ batch, rows })
      const announce = await guarded(async (tx, confirmed) => {
        await tx.deleteBatchesBelow(confirmed.number)
        return this.#apply(tx, batch.releases ?? [])
      })
      announce()
    }
  }

  async #release(tx: GuardedTransaction, parent: RelayBatch, bounds: PageBounds): Promise<Release> {
    const rows = await tx.readReleases(bounds)
    // What is due and holds nothing would be due for ever.
    if (rows.length === 0) return { batch: undefined, rows, announce: await this.#apply(tx, []) }
    const { shard } = this.#parts
    const releases = rows.map(({ seq }) => seq)
    const batch = await writeBatch(tx, { shard, parent, cursor: parent.cursor, releases })
    return { batch, rows, announce: () => undefined }
  }

  async #apply(tx: GuardedTransaction, places: readonly string[]): Promise<Announcement> {
    const { events, shard } = this.#parts
    const topics = await tx.applyReleases(places)
    return () => {
      if (places.length > 0) events.emit('messages:released', { shard, rows: places.length })
      for (const topic of topics) events.emit('topic:resumed', { shard, topic })
    }
  }
}
