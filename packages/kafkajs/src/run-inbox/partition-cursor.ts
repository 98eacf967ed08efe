import type { Clock, Inbox } from '@pigeonhole/core'
import type { Feed } from './group-feed.js'
import type { FetchedBatch } from './kafkajs-runner.js'
import { positionLost, topicRecreated } from './partition-errors.js'
import type { PartitionPlace } from './run-inbox-events.js'

/**
 * A position that has been at rest for so long, in milliseconds, is read again: the database may have gone back meanwhile,
 * by a restore or a failover that nothing here noticed. Shorter than either takes.
 */
const trustMs = 100

/** What a {@link PartitionCursor} looks at. */
export interface CursorSources {
  readonly inbox: Pick<Inbox<never>, 'name' | 'keepsPositions' | 'readPositions' | 'bindTopic'>
  readonly feed: Pick<Feed, 'startingOffset' | 'committedOffset' | 'logStart' | 'topicId'>
  readonly clock: Clock
}

/** Where a cursor stands. Offsets of two topics mean nothing to each other, and look the same. */
export interface Standing {
  /** The offset to be read next; unknown before the first look. */
  readonly next: bigint | undefined
  /** How many topics have been found behind the partition so far, one after the other. */
  readonly topics: number
}

/** What {@link PartitionCursor.locate} has found. */
export interface Located {
  readonly next: bigint
  /** Where the cursor, or Kafka for a new one, stood before; undefined when that is the same place. */
  readonly from: bigint | undefined
  /** Whether this is the first look. */
  readonly first: boolean
}

/**
 * Where one partition goes on. The inbox's position rules; without one, Kafka's offset of the group does. Only a batch
 * that was fetched from exactly here may be handled: one from further on would skip messages.
 */
export class PartitionCursor {
  readonly #place: PartitionPlace
  readonly #sources: CursorSources
  /** Where nothing of the partition had been handled yet, if that was here. */
  #first: bigint | undefined
  #next: bigint | undefined
  /** The position in the database when it was last read or written here. The log may have gone on without messages. */
  #position: bigint | undefined
  #trustedAt = Number.NEGATIVE_INFINITY
  #misses = 0
  /** Of the topic that all of this is about. */
  #topicId: string | undefined
  #topics = 0
  #isAnew = false

  constructor(place: PartitionPlace, sources: CursorSources) {
    this.#place = place
    this.#sources = sources
  }

  /** The offset to be read next; unknown before the first look. */
  get next(): bigint | undefined {
    return this.#next
  }

  get standing(): Standing {
    return { next: this.#next, topics: this.#topics }
  }

  /** Whether it still stands there: what was fetched for there may be handled. */
  standsAt({ next, topics }: Standing): boolean {
    return this.#next === next && this.isOfTopic(topics)
  }

  /** Whether no other topic was found since there were `topics`. What was fetched before is not of the other one. */
  isOfTopic(topics: number): boolean {
    return this.#topics === topics
  }

  /** Whether to {@link locate} before anything is handled. */
  get isDoubtful(): boolean {
    return this.#sources.clock.now() - this.#trustedAt > trustMs
  }

  /** Batches in a row that were fetched from elsewhere. */
  get misses(): number {
    return this.#misses
  }

  /** Whether the inbox has a position in the partition, which Kafka cannot overrule. */
  get isFixed(): boolean {
    return this.#position !== undefined
  }

  /** Another member may have had the partition: what was known of it is to be read again. */
  doubt(): void {
    this.distrust()
    this.#misses = 0
  }

  /** The position may have been changed by hand. */
  distrust(): void {
    this.#trustedAt = Number.NEGATIVE_INFINITY
  }

  /**
   * Whether the topic is the one that all of this is about. A batch that was fetched before is of it then, since an id never comes back;
   * otherwise its offsets, which look the same, may be those of a topic that has taken the place while the batch before was handled.
   */
  async isOfSameTopic(): Promise<boolean> {
    const { inbox, feed } = this.#sources
    if (!inbox.keepsPositions) return true
    const topicId = await feed.topicId(this.#place)
    return topicId === undefined || topicId === this.#topicId
  }

  /** Reads the position again and goes where it says. Rejects with whatever the database or Kafka says. */
  async locate(): Promise<Located> {
    const position = await this.#readPlace()
    const first = this.#next === undefined
    const before = this.#next ?? (await this.#startingOffset(position))
    const next = this.#follow(position, before)
    if (first && position === undefined) this.#first = next
    if (next !== before) this.#misses = 0
    this.#next = next
    this.#position = position
    this.#trustedAt = this.#sources.clock.now()
    return { next, from: next === before ? undefined : before, first }
  }

  /** Whether `batch` begins where the partition goes on. */
  accepts(batch: Pick<FetchedBatch, 'fetchedOffset'>): boolean {
    const accepted = BigInt(batch.fetchedOffset) === this.#next
    this.#misses = accepted ? 0 : this.#misses + 1
    return accepted
  }

  /** The message at `offset` is done. */
  passMessage(offset: bigint): void {
    this.#next = offset + 1n
    if (this.#sources.inbox.keepsPositions) this.#position = this.#next
    this.#trustedAt = this.#sources.clock.now()
  }

  /** There is no message from here up to `next`. */
  skipTo(next: bigint): void {
    this.#next = next
    this.#misses = 0
  }

  // Kafka and the database are asked at once. A position that was read before the topic was known to be another one counts for
  // nothing.
  async #readPlace(): Promise<bigint | undefined> {
    const { inbox, feed } = this.#sources
    if (!inbox.keepsPositions) return undefined
    const [topicId, position] = await Promise.all([feed.topicId(this.#place), this.#readPosition()])
    if (topicId === undefined || topicId === this.#topicId) return position
    await this.#bind(topicId)
    return await this.#readPosition()
  }

  // Offsets of another topic mean nothing, and look the same.
  async #bind(topicId: string): Promise<void> {
    const { inbox } = this.#sources
    const { topic } = this.#place
    const bound = await inbox.bindTopic(topic, topicId)
    if (bound.topicId !== topicId) throw topicRecreated(this.#place, { found: topicId, known: bound.topicId })
    if (this.#topicId !== undefined) this.#forget()
    this.#topicId = topicId
    this.#topics += 1
    this.#isAnew = bound.fromStart
  }

  #forget(): void {
    this.#first = undefined
    this.#next = undefined
    this.#position = undefined
    this.#misses = 0
  }

  // Of a topic that has taken another's place the group's offset may still be of that.
  async #startingOffset(position: bigint | undefined): Promise<bigint> {
    const { feed } = this.#sources
    if (position === undefined && !this.#isAnew) await this.#assertUnhandled()
    return this.#isAnew ? feed.logStart(this.#place) : feed.startingOffset(this.#place)
  }

  // The group's offset says that this inbox has handled what the database knows nothing of: to go on there would lose it.
  async #assertUnhandled(): Promise<void> {
    const { inbox, feed } = this.#sources
    if (!inbox.keepsPositions) return
    const committed = await feed.committedOffset(this.#place)
    if (committed?.handledBy === inbox.name) throw positionLost(this.#place, committed.offset)
  }

  async #readPosition(): Promise<bigint | undefined> {
    const positions = await this.#sources.inbox.readPositions([this.#place])
    return positions[0]?.nextOffset
  }

  #follow(position: bigint | undefined, before: bigint): bigint {
    if (position === this.#position) return before
    if (position !== undefined) return position
    // The row is gone: the database was restored to a time before it. What was handled here is handled again, if that is all.
    if (this.#first === undefined) throw positionLost(this.#place, this.#position)
    return this.#first
  }
}
