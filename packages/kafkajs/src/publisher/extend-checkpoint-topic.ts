import type { AdminConnection } from './admin-connection.js'
import { brokerError } from './broker-errors.js'
import { lookPauseMs, partitionsOf } from './checkpoint-topic.js'
import { Deadline } from './deadline.js'
import { checkpointTopicOf } from './names.js'

/** What {@link extendCheckpointTopic} needs. */
export interface ExtensionRequest {
  readonly relay: string
  readonly shards: number
  readonly timeoutMs: number
}

/**
 * Gives the checkpoint topic a partition for each shard if it has fewer, and resolves when they are known. Its records go to
 * the partition of their shard and never by their key: those that are there stay where they are looked for.
 * @throws BROKER_ACCESS_DENIED, BROKER_UNAVAILABLE
 */
export async function extendCheckpointTopic(
  connection: AdminConnection,
  { relay, shards, timeoutMs }: ExtensionRequest,
): Promise<void> {
  const topic = checkpointTopicOf(relay)
  const deadline = new Deadline(timeoutMs)
  try {
    await connection.use(async (admin) => {
      if ((await partitionsOf(admin, topic)) >= shards) return
      await admin.createPartitions({ topicPartitions: [{ topic, count: shards }] })
      while ((await partitionsOf(admin, topic)) < shards && !deadline.passed)
        await deadline.pause(lookPauseMs)
    })
  } catch (error) {
    throw brokerError(error, { doing: 'adding partitions to the checkpoint topic', topic })
  }
}
