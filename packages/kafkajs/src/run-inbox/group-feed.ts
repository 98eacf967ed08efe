import type { ConsumerGroup, OffsetManager, Runner } from './kafkajs-runner.js'
import type { PartitionPlace } from './run-inbox-events.js'

/** The next offset of a partition. */
export type NextOffset = PartitionPlace & { readonly offset: bigint }

/** What a lane needs of the consumer it reads from. */
export interface Feed {
  /** Where the group goes on by Kafka's own account: its committed offset, else the log's start or end. */
  startingOffset(place: PartitionPlace): Promise<bigint>
  /** The next fetch of the partition begins at `offset`, and what is being fetched of it is dropped. */
  seek(place: PartitionPlace, offset: bigint): void
  /** Forgets a seek that no fetch has taken up: kafkajs would keep it for when the partition comes back. */
  dropSeek(place: PartitionPlace): void
  /** Nothing of the partition is fetched until it is resumed. kafkajs keeps this across rebalances. */
  pause(place: PartitionPlace): void
  /** Takes effect at the next fetch: one that waits for other partitions is not cut short. */
  resume(place: PartitionPlace): void
}

/** The group of one runner. Its methods go past the consumer's own, which throw once the consumer has crashed. */
export class GroupFeed implements Feed {
  readonly #group: ConsumerGroup
  readonly #resolving = new WeakMap<OffsetManager, Promise<void>>()

  constructor(runner: Runner) {
    this.#group = runner.consumerGroup
  }

  /** Whether the partition is this member's, as far as kafkajs knows. */
  owns({ topic, partition }: PartitionPlace): boolean {
    return this.#group.assigned().some((it) => it.topic === topic && it.partitions.includes(partition))
  }

  async startingOffset({ topic, partition }: PartitionPlace): Promise<bigint> {
    const { offsetManager } = this.#group
    await this.#resolve(offsetManager)
    const offset = offsetManager.committedOffsets()[topic]?.[partition]
    if (offset === undefined) throw new Error(`kafkajs knows no offset of ${topic}/${partition}`)
    return BigInt(String(offset))
  }

  seek({ topic, partition }: PartitionPlace, offset: bigint): void {
    this.#group.seek({ topic, partition, offset: offset.toString() })
  }

  dropSeek({ topic, partition }: PartitionPlace): void {
    this.#group.seekOffset.pop(topic, partition)
  }

  pause({ topic, partition }: PartitionPlace): void {
    this.#group.pause([{ topic, partitions: [partition] }])
  }

  resume({ topic, partition }: PartitionPlace): void {
    this.#group.resume([{ topic, partitions: [partition] }])
  }

  async commit(offsets: readonly NextOffset[]): Promise<void> {
    const topics = [...new Set(offsets.map(({ topic }) => topic))]
    await this.#group.commitOffsets({
      topics: topics.map((topic) => ({
        topic,
        partitions: offsets
          .filter((place) => place.topic === topic)
          .map(({ partition, offset }) => ({ partition, offset: offset.toString() })),
      })),
    })
  }

  // One request answers for all partitions of an assignment.
  async #resolve(offsetManager: OffsetManager): Promise<void> {
    let resolving = this.#resolving.get(offsetManager)
    if (!resolving) {
      resolving = offsetManager.resolveOffsets()
      this.#resolving.set(offsetManager, resolving)
      resolving.catch(() => this.#resolving.delete(offsetManager))
    }
    await resolving
  }
}
