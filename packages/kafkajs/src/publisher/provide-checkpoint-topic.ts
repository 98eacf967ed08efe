import type { Kafka } from 'kafkajs'
import { passOverSilentBrokers } from '../silent-brokers/pass-over-silent-brokers.js'
import { AdminConnection } from './admin-connection.js'
import { type CheckpointTopicRequest, createCheckpointTopic } from './checkpoint-topic.js'

/**
 * Creates the checkpoint topic of a relay as the relay itself does at its first opening, if it is not there.
 * @throws CHECKPOINT_TOPIC_INVALID, BROKER_ACCESS_DENIED, BROKER_UNAVAILABLE
 */
export async function provideCheckpointTopic(kafka: Kafka, request: CheckpointTopicRequest): Promise<void> {
  passOverSilentBrokers(kafka)
  const connection = new AdminConnection(kafka)
  try {
    await createCheckpointTopic(connection, request)
  } finally {
    await connection.close()
  }
}
