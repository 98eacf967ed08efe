import { provideCheckpointTopic } from '@pigeonhole/kafkajs'
import type { Kafka } from 'kafkajs'
import type { KafkaFacts } from './kafka-facts.js'

/** How the checkpoint topic is made. */
export interface CheckpointTopicMaking {
  readonly replicationFactor: number
  /** Whether it is known that no batch was sent: where one was, the topic was lost, and nothing stands in for it. */
  readonly isFirst: boolean
}

const timeoutMs = 30_000

/**
 * Creates the topics that are missing, the checkpoint topic as the relay would, the others as brokers do by default.
 * Resolves to their names.
 * @throws BROKER_ACCESS_DENIED, BROKER_UNAVAILABLE, CHECKPOINT_TOPIC_INVALID
 */
export async function createMissingTopics(
  kafka: Kafka,
  { topics, relay }: KafkaFacts,
  { replicationFactor, isFirst }: CheckpointTopicMaking,
): Promise<string[]> {
  const missing = topics.filter(({ state }) => state === 'missing')
  const checkpoint = isFirst ? missing.filter(({ uses }) => uses.has('checkpoint')) : []
  const { name, shards } = relay
  if (checkpoint.length > 0 && name !== undefined)
    await provideCheckpointTopic(kafka, { relay: name, shards, replicationFactor, timeoutMs })
  const others = missing
    .filter(({ uses }) => uses.has('outbox') || uses.has('inbox'))
    .map(({ topic }) => topic)
  await createTopics(kafka, others)
  return [...checkpoint.map(({ topic }) => topic), ...others]
}

async function createTopics(kafka: Kafka, topics: readonly string[]): Promise<void> {
  if (topics.length === 0) return
  const admin = kafka.admin()
  await admin.connect()
  try {
    await admin.createTopics({
      waitForLeaders: false,
      timeout: timeoutMs,
      topics: topics.map((topic) => ({ topic, numPartitions: -1, replicationFactor: -1 })),
    })
  } finally {
    await admin.disconnect()
  }
}
