import { setImmediate } from 'node:timers/promises'
import type { AnyBinding, Clock } from '@pigeonhole/core'
import type { Feed } from './group-feed.js'
import type { FetchedBatch } from './kafkajs-runner.js'
import { PartitionWorker, type RunContext } from './partition-worker.js'
import type { PartitionPlace } from './run-inbox-events.js'
import { Turn } from './turn.js'

/**
 * For so long, in milliseconds, kafkajs waits for a batch. Then the batch goes on with the partition paused: kafkajs sends
 * no heartbeat, joins no rebalance and fetches nothing more from a broker while it waits.
 */
const patienceMs = 1_000

/** What a {@link PartitionLane} is made from. */
export interface LaneSetup<Tx> {
  readonly place: PartitionPlace
  readonly context: RunContext<Tx>
  readonly binding: AnyBinding<Tx>
  readonly feed: Feed
  /** Settles when a former lane of the partition has nothing under way any more. */
  readonly predecessor: Promise<void>
}

/**
 * One partition in this consumer's hands, from its claim to its loss. Its batches are handled one after the other, while
 * kafkajs waits. What takes long, or fails, goes on beside kafkajs, with the partition paused, so that it holds up
 * neither other partitions nor a rebalance.
 */
export class PartitionLane<Tx> {
  readonly place: PartitionPlace
  readonly #feed: Feed
  readonly #clock: Clock
  readonly #worker: PartitionWorker<Tx>
  readonly #closing = new AbortController()
  readonly #givingUp = new AbortController()
  #idle: Promise<void>
  #queued = 0
  #turn: Turn | undefined
  #paused = false

  constructor({ place, context, binding, feed, predecessor }: LaneSetup<Tx>) {
    this.place = place
    this.#feed = feed
    this.#clock = context.options.clock
    this.#idle = predecessor
    const signals = { closing: this.#closing.signal, givingUp: this.#givingUp.signal }
    this.#worker = new PartitionWorker({
      place,
      context,
      binding,
      feed,
      ...signals,
      stepAside: () => this.#stepAside(),
    })
  }

  /** Settles when nothing is under way. */
  get idle(): Promise<void> {
    return this.#idle
  }

  /** Claims the partition, and seeks to where it goes on even if no batch ever comes from elsewhere. */
  open(): void {
    void this.#enqueue(async () => {
      // Whoever has just awaited runInbox is to hear of it.
      await setImmediate()
      await this.#worker.claim()
    })
  }

  /** The group has joined again and left the partition here. kafkajs has forgotten how far it had read. */
  reopen(): void {
    this.#worker.doubt()
    this.open()
  }

  /** Takes a batch that kafkajs has fetched. Resolves when kafkajs may go on. Never rejects. */
  async take(batch: FetchedBatch): Promise<void> {
    if (this.#closing.signal.aborted) return
    const turn = new Turn()
    this.#turn = turn
    const { standing } = this.#worker
    void this.#enqueue(() => this.#worker.handle(batch, standing, turn)).then(() => turn.close())
    void turn.sleep(patienceMs, this.#clock).then(() => {
      if (turn.isOpen) this.#stepAside()
    })
    await turn.closed
  }

  /** Leaves the rest of the batch that is under way: it is fetched again, if the partition is still here then. */
  yield(): void {
    this.#turn?.yield()
  }

  /** Begins nothing more. What is under way goes on. */
  close(): void {
    this.#closing.abort()
    this.#stepAside()
  }

  /** Gives up what is under way: its signal aborts. */
  giveUp(reason: unknown): void {
    this.#closing.abort()
    this.#givingUp.abort(reason)
  }

  /** The partition is another's. Leaves nothing behind in kafkajs for when it comes back. */
  lose(reason: unknown): void {
    this.giveUp(reason)
    this.#feed.dropSeek(this.place)
    if (this.#paused) this.#feed.resume(this.place)
    this.#turn?.close()
  }

  #enqueue(job: () => Promise<void>): Promise<void> {
    this.#queued += 1
    this.#idle = this.#idle.then(job).then(() => {
      this.#queued -= 1
      this.#goOn()
    })
    return this.#idle
  }

  // kafkajs is told by seeks alone where to fetch: resolving an offset throws when the topic is no longer assigned.
  #goOn(): void {
    if (this.#closing.signal.aborted || this.#queued > 0) return
    if (this.#worker.next !== undefined) this.#feed.seek(this.place, this.#worker.next)
    if (this.#paused) this.#feed.resume(this.place)
    this.#paused = false
  }

  // Pausing comes first: once kafkajs goes on, it would fetch the same batch again.
  #stepAside(): void {
    if (!this.#paused) this.#feed.pause(this.place)
    this.#paused = true
    this.#turn?.close()
  }
}
