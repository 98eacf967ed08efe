import type { GroupFeed } from './group-feed.js'
import type { FetchedBatch } from './kafkajs-runner.js'
import { partitionLost } from './partition-errors.js'
import { PartitionLane } from './partition-lane.js'
import type { RunContext } from './partition-worker.js'
import type { PartitionPlace } from './run-inbox-events.js'

/** The partitions that the group has given to this consumer. */
export class Assignment<Tx> {
  readonly #context: RunContext<Tx>
  readonly #lanes = new Map<string, PartitionLane<Tx>>()
  /** Ends of lost lanes: a partition that comes back waits for its former lane. */
  readonly #ending = new Map<string, Promise<void>>()
  #feed: GroupFeed | undefined
  #memberId: string | undefined
  #closed = false

  constructor(context: RunContext<Tx>) {
    this.#context = context
  }

  /** kafkajs starts, or starts again: what it knew of any partition is gone. */
  startOver(feed: GroupFeed): void {
    this.loseAll(new Error('the consumer starts again'))
    this.#feed = feed
    this.#memberId = undefined
  }

  /** The group has given these partitions to this consumer, and took all others away. */
  joined(memberId: string, partitions: readonly PartitionPlace[]): void {
    if (this.#closed) return
    // A member that the group had to give a new name was out of it: others had its partitions meanwhile.
    if (memberId !== this.#memberId) this.loseAll(new Error('the group had gone on without this consumer'))
    this.#memberId = memberId
    this.#context.events.emit('group:joined', { memberId, partitions })
    const given = new Set(partitions.map(keyOf))
    for (const lane of this.#lanes.values())
      if (!given.has(keyOf(lane.place))) this.#lose(lane, new Error('the group has given it away'))
    for (const place of partitions) {
      const lane = this.#lanes.get(keyOf(place))
      if (lane) lane.reopen()
      else this.#open(place)
    }
  }

  /** Takes a batch that kafkajs has fetched. Resolves when kafkajs may go on. Never rejects. */
  async take(feed: GroupFeed, batch: FetchedBatch): Promise<void> {
    const { topic, partition } = batch
    const place = { topic, partition }
    // A fetch from one broker may end after a fetch from another one has made kafkajs join again.
    if (this.#closed || feed !== this.#feed || !feed.owns(place)) return
    await (this.#lanes.get(keyOf(place)) ?? this.#open(place))?.take(batch)
  }

  /** Finishes what is under way, and begins nothing more until kafkajs fetches again. */
  yield(): void {
    for (const lane of this.#lanes.values()) lane.yield()
  }

  /** Gives up whatever is under way: other members go on with it. */
  loseAll(reason: unknown): void {
    for (const lane of this.#lanes.values()) this.#lose(lane, reason)
  }

  /** Begins nothing more. Resolves when all that is under way has ended. */
  async close(): Promise<void> {
    this.#closed = true
    for (const lane of this.#lanes.values()) lane.close()
    await Promise.all([...this.#ending.values(), ...[...this.#lanes.values()].map((lane) => lane.idle)])
  }

  /** Gives up whatever is under way after {@link close}. */
  giveUp(reason: unknown): void {
    for (const lane of this.#lanes.values()) lane.giveUp(reason)
  }

  #open(place: PartitionPlace): PartitionLane<Tx> | undefined {
    const binding = this.#context.options.handlers.get(place.topic)
    if (!binding || !this.#feed) return undefined
    const predecessor = this.#ending.get(keyOf(place)) ?? Promise.resolve()
    const lane = new PartitionLane({ place, context: this.#context, binding, feed: this.#feed, predecessor })
    this.#lanes.set(keyOf(place), lane)
    lane.open()
    return lane
  }

  #lose(lane: PartitionLane<Tx>, cause: unknown): void {
    const key = keyOf(lane.place)
    const reason = partitionLost(lane.place, cause)
    this.#lanes.delete(key)
    lane.lose(reason)
    const ending = lane.idle.then(() => {
      if (this.#ending.get(key) === ending) this.#ending.delete(key)
    })
    this.#ending.set(key, ending)
    this.#context.offsets.forget(lane.place)
    this.#context.events.emit('partition:lost', { ...lane.place, reason })
  }
}

function keyOf({ topic, partition }: PartitionPlace): string {
  return `${topic}/${partition}`
}
