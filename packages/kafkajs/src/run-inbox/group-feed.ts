import type { ConsumerGroup, OffsetManager, Runner } from './kafkajs-runner.js'
import { logStartOf } from './out-of-range.js'
import type { PartitionPlace } from './run-inbox-events.js'
import { topicIdOf } from './topic-id.js'
import { retentionsOf, type TopicRetention } from './topic-retention.js'

/** The next offset of a partition, and which inbox has handled what comes before it, if one that keeps positions has. */
export type NextOffset = PartitionPlace & {
  readonly offset: bigint
  readonly handledBy?: string | undefined
}

/** The group's committed offset of a partition, as Kafka has it. */
export interface CommittedOffset {
  readonly offset: bigint
  /** The inbox that has said so, if it has. Kafka's own tools say nothing. */
  readonly handledBy: string | undefined
}

/** What a lane needs of the consumer it reads from. */
export interface Feed {
  /** Where the group goes on by Kafka's own account: its committed offset, else the log's start or end. */
  startingOffset(place: PartitionPlace): Promise<bigint>
  /** What the group has committed; undefined where it has not. */
  committedOffset(place: PartitionPlace): Promise<CommittedOffset | undefined>
  /** The offset of the first record that the partition's log still has. */
  logStart(place: PartitionPlace): Promise<bigint>
  /** The id of the topic that lies behind the partition; undefined where Kafka tells none. */
  topicId(place: PartitionPlace): Promise<string | undefined>
  /** The next fetch of the partition begins at `offset`, and what is being fetched of it is dropped. */
  seek(place: PartitionPlace, offset: bigint): void
  /** Forgets a seek that no fetch has taken up: kafkajs would keep it for when the partition comes back. */
  dropSeek(place: PartitionPlace): void
  /** Nothing of the partition is fetched until it is resumed. kafkajs keeps this across rebalances. */
  pause(place: PartitionPlace): void
  resume(place: PartitionPlace): void
}

/** So long, in milliseconds, a fetch waits at most while a partition is paused: once it is resumed, it is soon fetched. */
const shortWaitMs = 100

/** How the metadata of a committed offset begins that an inbox has committed behind its position. */
const mark = 'pigeonhole inbox '

/** The group of one runner. Its methods go past the consumer's own, which throw once the consumer has crashed. */
export class GroupFeed implements Feed {
  readonly #group: ConsumerGroup
  readonly #maxWaitTime: number
  readonly #paused = new Set<string>()
  readonly #resolving = new WeakMap<OffsetManager, Promise<void>>()

  constructor(runner: Runner) {
    this.#group = runner.consumerGroup
    this.#maxWaitTime = this.#group.maxWaitTime
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

  async committedOffset({ topic, partition }: PartitionPlace): Promise<CommittedOffset | undefined> {
    const { groupId } = this.#group
    const coordinator = await this.#group.offsetManager.getCoordinator()
    const { responses } = await coordinator.offsetFetch({
      groupId,
      topics: [{ topic, partitions: [{ partition }] }],
    })
    const found = responses[0]?.partitions[0]
    if (!found || BigInt(found.offset) < 0n) return undefined
    const handledBy = found.metadata?.startsWith(mark) ? found.metadata.slice(mark.length) : undefined
    return { offset: BigInt(found.offset), handledBy }
  }

  logStart(place: PartitionPlace): Promise<bigint> {
    return logStartOf(this.#group, place)
  }

  topicId(place: PartitionPlace): Promise<string | undefined> {
    return topicIdOf(this.#group.cluster, place)
  }

  /** For how long Kafka keeps the messages of each of `topics`. */
  retentions(topics: Iterable<string>): Promise<TopicRetention[]> {
    return retentionsOf(this.#group.cluster, topics)
  }

  seek({ topic, partition }: PartitionPlace, offset: bigint): void {
    this.#group.seek({ topic, partition, offset: offset.toString() })
  }

  dropSeek({ topic, partition }: PartitionPlace): void {
    this.#group.seekOffset.pop(topic, partition)
  }

  pause({ topic, partition }: PartitionPlace): void {
    this.#group.subscriptionState.pause([{ topic, partitions: [partition] }])
    this.#paused.add(`${topic}/${partition}`)
    this.#adjustWait()
  }

  resume({ topic, partition }: PartitionPlace): void {
    this.#group.subscriptionState.resume([{ topic, partitions: [partition] }])
    this.#paused.delete(`${topic}/${partition}`)
    this.#adjustWait()
  }

  async commit(offsets: readonly NextOffset[]): Promise<void> {
    const topics = [...new Set(offsets.map(({ topic }) => topic))]
    await this.#group.commitOffsets({
      topics: topics.map((topic) => ({
        topic,
        partitions: offsets
          .filter((place) => place.topic === topic)
          .map(({ partition, offset, handledBy }) => ({
            partition,
            offset: offset.toString(),
            ...(handledBy === undefined ? {} : { metadata: mark + handledBy }),
          })),
      })),
    })
  }

  // kafkajs fetches a resumed partition only after a fetch of the others, or a rest of that length, has come to its end.
  #adjustWait(): void {
    this.#group.maxWaitTime =
      this.#paused.size > 0 ? Math.min(this.#maxWaitTime, shortWaitMs) : this.#maxWaitTime
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
