import type { Consumer, EachBatchHandler, EachBatchPayload, KafkaMessage } from 'kafkajs'
import { moduleOf } from '../kafkajs-copy.js'
import type { MetadataCluster } from './topic-id.js'
import type { ConfigCluster } from './topic-retention.js'

/** What kafkajs 2.2.4 fetched of one partition at once. */
export interface FetchedBatch {
  readonly topic: string
  readonly partition: number
  /** Where the fetch began. */
  readonly fetchedOffset: string
  /** Without control records and records of aborted transactions. */
  readonly messages: readonly KafkaMessage[]
  /** That of the last record, whatever it is. */
  lastOffset(): string
  isEmpty(): boolean
  isEmptyDueToFiltering(): boolean
}

/** kafkajs's membership in a group; it outlives rebalances, but not a crash. */
export interface ConsumerGroup {
  readonly groupId: string
  readonly isolationLevel: number
  readonly topicsSubscribed: readonly string[]
  readonly cluster: MetadataCluster &
    ConfigCluster & {
      committedOffsetsByGroup: Map<string, object>
      fetchTopicsOffset(
        topics: readonly {
          readonly topic: string
          readonly partitions: readonly { readonly partition: number }[]
          readonly fromBeginning: boolean
        }[],
      ): Promise<readonly TopicOffsets[]>
    }
  /** The followers that kafkajs reads from. */
  readonly preferredReadReplicasPerTopicPartition: Readonly<
    Record<string, Record<number, object> | undefined>
  >
  /** Made anew at each join. */
  readonly offsetManager: OffsetManager
  /** How long a fetch waits for messages, in milliseconds. */
  maxWaitTime: number
  readonly subscriptionState: SubscriptionState
  readonly seekOffset: { pop(topic: string, partition: number): unknown }
  /** Called when Kafka has nothing at the offset that was fetched. */
  recoverFromOffsetOutOfRange(place: { readonly topic: string; readonly partition: number }): Promise<void>
  /** Called with what a fetch has failed with. What it throws, and may be retried, is. */
  recoverFromFetch(error: unknown): Promise<void>
  assigned(): readonly TopicPartitions[]
  seek(place: { readonly topic: string; readonly partition: number; readonly offset: string }): void
  commitOffsets(offsets: { readonly topics: readonly TopicOffsets[] }): Promise<void>
}

/** What is fetched of an assignment. It keeps what is paused across rebalances. */
export interface SubscriptionState {
  pause(topics: readonly TopicPartitions[]): void
  resume(topics: readonly TopicPartitions[]): void
}

/** Partitions of one topic. */
export interface TopicPartitions {
  readonly topic: string
  readonly partitions: readonly number[]
}

/** Offsets to commit for one topic. */
export interface TopicOffsets {
  readonly topic: string
  readonly partitions: readonly {
    readonly partition: number
    readonly offset: string
    readonly metadata?: string
  }[]
}

/** Where kafkajs reads on, for the partitions of one assignment. */
export interface OffsetManager {
  /** Asks Kafka for what is not known yet: the group's committed offset, else the log's start or end. */
  resolveOffsets(): Promise<void>
  /** The broker that keeps the group's offsets. */
  getCoordinator(): Promise<GroupCoordinator>
  committedOffsets(): Readonly<Record<string, Readonly<Record<number, unknown>>>>
}

/** A broker that keeps offsets of groups. */
export interface GroupCoordinator {
  offsetFetch(request: {
    readonly groupId: string
    readonly topics: readonly {
      readonly topic: string
      readonly partitions: readonly { readonly partition: number }[]
    }[]
  }): Promise<{ readonly responses: readonly TopicOffsets[] }>
}

/** What drives a kafkajs consumer from one start to its stop or crash. */
export interface Runner {
  eachBatch(payload: EachBatchPayload): Promise<void>
  handleBatch(batch: FetchedBatch): Promise<void>
  heartbeat(): Promise<void>
  readonly consumerGroup: ConsumerGroup
  /** How often it tells the group that it is there, in milliseconds. */
  readonly heartbeatInterval?: number
}

/** kafkajs's own numbers for what a consumer may read. */
export const readCommitted = 1

/** Is given each runner before it joins the group. Returns false to keep it from starting. */
export type RunnerListener = (runner: Runner) => boolean

interface RunnerPrototype {
  start(this: Runner): Promise<void>
}

const listeners = new WeakMap<EachBatchHandler, RunnerListener>()
const patched = new WeakSet<RunnerPrototype>()

/**
 * Calls `listener` with the runners of the consumer that is run with `marker` as its eachBatch. kafkajs shows them to
 * nobody, and makes a new one when it restarts after a crash.
 * @throws KAFKAJS_UNSUPPORTED
 */
export function listenToRunners(
  consumer: Consumer,
  marker: EachBatchHandler,
  listener: RunnerListener,
): void {
  const { prototype } = moduleOf(consumer, 'consumer/runner') as { readonly prototype: RunnerPrototype }
  listeners.set(marker, listener)
  if (patched.has(prototype)) return
  patched.add(prototype)
  const start = prototype.start
  prototype.start = async function () {
    const heard = listeners.get(this.eachBatch)
    if (heard && !heard(this)) return
    await start.call(this)
  }
}

/**
 * Lets `runner` hand over batches without messages too. By itself kafkajs steps over a batch of control records or
 * aborted records and says nothing of where it began, so that the next batch looks like one that skips messages.
 */
export function showEmptyBatches(runner: Runner): void {
  const handleBatch = runner.handleBatch
  runner.handleBatch = async (batch) => {
    if (batch.isEmptyDueToFiltering())
      Object.assign(batch, { isEmpty: () => false, isEmptyDueToFiltering: () => false })
    await handleBatch.call(runner, batch)
  }
}

/**
 * Gives the consumer of `runner` a memory of its own for the group's offsets. kafkajs keeps one for each Kafka instance
 * and group: a second member in the process empties it, and the first one's next fetch is a TypeError that ends it.
 */
export function separateOffsets({ consumerGroup }: Runner): void {
  consumerGroup.cluster.committedOffsetsByGroup = new Map()
}
