import {
  type LoggableMessage,
  type LogVerdict,
  messageIdHeader,
  PigeonholeError,
  type RelayPublisher,
  type ShardProducer,
} from '@pigeonhole/core'
import type { MemoryCluster } from './memory-cluster.js'
import { MemoryShardProducer } from './memory-shard-producer.js'

/** A relay's publisher to a cluster in this process. */
export function memoryPublisher(cluster: MemoryCluster): RelayPublisher {
  return new MemoryPublisher(cluster)
}

class MemoryPublisher implements RelayPublisher {
  readonly #cluster: MemoryCluster
  readonly #producers = new Set<MemoryShardProducer>()

  constructor(cluster: MemoryCluster) {
    this.#cluster = cluster
  }

  async connect(): Promise<{ readonly clusterId: string }> {
    return { clusterId: this.#cluster.log.clusterId }
  }

  async createCheckpointTopic(relay: string, shards: number): Promise<void> {
    this.#cluster.coordinator.provideCheckpointTopic(relay, shards)
  }

  async extendCheckpointTopic(relay: string, shards: number): Promise<void> {
    this.#cluster.coordinator.provideCheckpointTopic(relay, shards)
  }

  async hasCheckpointTopic(relay: string, shards: number): Promise<boolean> {
    const partitions = this.#cluster.coordinator.checkpointPartitions(relay)
    if (partitions === undefined || partitions >= shards) return partitions !== undefined
    throw new PigeonholeError('CHECKPOINT_TOPIC_INVALID', {
      message: `The checkpoint topic of relay ${relay} has ${partitions} partitions, fewer than its ${shards} shards`,
      details: { topic: relay },
    })
  }

  async fence(relay: string, shard: number): Promise<ShardProducer> {
    const epoch = this.#cluster.coordinator.fence(relay, shard)
    const producer = new MemoryShardProducer(this.#cluster, { relay, shard, epoch })
    this.#producers.add(producer)
    return producer
  }

  async locate(messages: readonly LoggableMessage[]): Promise<ReadonlyMap<string, LogVerdict>> {
    const { log } = this.#cluster
    const verdicts = new Map<string, LogVerdict>()
    for (const topic of new Set(messages.map((message) => message.topic))) {
      if (log.partitionsOf(topic) === 0) continue
      const ids = log
        .recordsOf(topic)
        .flatMap(({ headers }) => headers.filter(([name]) => name === messageIdHeader))
        .map(([, id]) => Buffer.from(id).toString())
      const logged = new Set(ids)
      for (const { id } of messages.filter((message) => message.topic === topic))
        verdicts.set(id, logged.has(id) ? 'logged' : 'absent')
    }
    return verdicts
  }

  async close(): Promise<void> {
    for (const producer of this.#producers) void producer.close()
    this.#producers.clear()
  }
}
