import { setTimeout as delay } from 'node:timers/promises'
import { PigeonholeError } from '@pigeonhole/core'
import {
  type Admin,
  type Cluster,
  type Kafka,
  type PartitionAssigner,
  PartitionAssigners,
  type PartitionMetadata,
} from 'kafkajs'

/** The offset behind the last record of each partition that has records, by `topic/partition`. */
export type LogEnds = ReadonlyMap<string, bigint>

/** What {@link findEnds} looks at. */
export interface EndsRequest {
  readonly kafka: Kafka
  readonly admin: Admin
  readonly topics: readonly string[]
  /** Longest wait for transactions whose markers are still on their way, in milliseconds. */
  readonly settleMs: number
}

/**
 * The ends of `topics` as a `read_committed` consumer sees them. Kafka acknowledges a commit before its markers are in the
 * partitions: until they are, the consumer's end lies behind what had been committed. So this waits until it has passed
 * what was written before the call. A transaction that stays open ends the wait at `settleMs`.
 * @throws TOPIC_MISSING
 */
export async function findEnds(request: EndsRequest): Promise<LogEnds> {
  await findCommitted(request) // Names a topic that is missing before anyone asks for it by a way that could create it.
  const deadline = performance.now() + request.settleMs
  const written = await findWrittenBy(deadline, request)
  for (;;) {
    const ends = await findCommitted(request)
    const settled = [...written].every(([place, offset]) => (ends.get(place) ?? 0n) >= offset)
    if (settled || performance.now() >= deadline) return ends
    await delay(20)
  }
}

/** Names a partition. */
export function placeOf(topic: string, partition: number): string {
  return `${topic}/${partition}`
}

// An admin client of kafkajs asks `read_committed`.
async function findCommitted({ admin, topics }: EndsRequest): Promise<LogEnds> {
  const known = new Set(await admin.listTopics())
  const ends = new Map<string, bigint>()
  for (const topic of topics) {
    if (!known.has(topic)) throw topicMissing(topic)
    for (const { partition, low, high } of await admin.fetchTopicOffsets(topic)) {
      if (BigInt(low) < BigInt(high)) ends.set(placeOf(topic, partition), BigInt(high))
    }
  }
  return ends
}

// A broker may not know yet that it leads a partition that is new; an admin client asks again by itself, a cluster does not.
async function findWrittenBy(deadline: number, request: EndsRequest): Promise<LogEnds> {
  for (;;) {
    try {
      return await findWritten(request)
    } catch (error) {
      if (performance.now() >= deadline) throw error
      await delay(20)
    }
  }
}

// Only a consumer asks `read_uncommitted`, and kafkajs shows its cluster to assigners only.
async function findWritten({ kafka, topics }: EndsRequest): Promise<LogEnds> {
  let cluster: Cluster | undefined
  const assigner: PartitionAssigner = (config) => {
    cluster = config.cluster
    return PartitionAssigners.roundRobin(config)
  }
  const groupId = 'pigeonhole.checker'
  const consumer = kafka.consumer({ groupId, readUncommitted: true, partitionAssigners: [assigner] })
  const written = new Map<string, bigint>()
  try {
    await consumer.connect()
    for (const topic of topics) {
      await cluster?.addTargetTopic(topic)
      const partitions = (cluster?.findTopicPartitionMetadata(topic) ?? []) as PartitionMetadata[]
      const numbers = partitions.map(({ partitionId }) => ({ partition: partitionId }))
      const found =
        (await cluster?.fetchTopicsOffset([{ topic, partitions: numbers, fromBeginning: false }])) ?? []
      for (const { partition, offset } of found[0]?.partitions ?? [])
        written.set(placeOf(topic, partition), BigInt(offset))
    }
  } finally {
    await consumer.disconnect()
  }
  return written
}

function topicMissing(topic: string): PigeonholeError {
  return new PigeonholeError('TOPIC_MISSING', {
    message: `Topic ${topic} is not in the cluster: create it, or correct its name`,
    details: { topic },
  })
}
