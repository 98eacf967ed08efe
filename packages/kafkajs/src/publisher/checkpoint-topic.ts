import { PigeonholeError } from '@pigeonhole/core'
import type { Admin } from 'kafkajs'
import type { AdminConnection } from './admin-connection.js'
import { brokerError, isAccessRefusal, refusalOf } from './broker-errors.js'
import { Deadline } from './deadline.js'
import { checkpointTopicOf } from './names.js'

const topicResource = 2 // ConfigResourceTypes.TOPIC
/** Between two looks at a topic that is about to be there. */
export const lookPauseMs = 20

// Small segments, cleaned early, keep the way back to the last checkpoint short. 1 MiB is Kafka's minimum. Transaction
// markers are kept for delete.retention.ms: the default day of them would outweigh everything else by far.
const configEntries = [
  { name: 'cleanup.policy', value: 'compact' },
  { name: 'segment.bytes', value: String(1024 * 1024) },
  { name: 'min.cleanable.dirty.ratio', value: '0.1' },
  { name: 'delete.retention.ms', value: '60000' },
]

/** What {@link createCheckpointTopic} needs. */
export interface CheckpointTopicRequest {
  readonly relay: string
  readonly shards: number
  readonly replicationFactor: number
  readonly timeoutMs: number
}

/**
 * Whether the checkpoint topic is there.
 * @throws CHECKPOINT_TOPIC_INVALID when it is, but could lose a checkpoint or has no room for `shards`.
 */
export async function hasCheckpointTopic(
  connection: AdminConnection,
  relay: string,
  shards: number,
): Promise<boolean> {
  const topic = checkpointTopicOf(relay)
  try {
    return await connection.use(async (admin) => {
      const partitions = await partitionsOf(admin, topic)
      if (partitions === 0) return false
      if (partitions < shards)
        throw invalid(topic, `it has ${partitions} partitions and needs ${shards}, one for each shard`)
      assertCompacted(topic, await cleanupPolicyOf(admin, topic))
      return true
    })
  } catch (error) {
    throw brokerError(error, { doing: 'looking at the checkpoint topic', topic })
  }
}

/**
 * Creates the checkpoint topic if it is not there and resolves when it is known.
 * @throws CHECKPOINT_TOPIC_INVALID, BROKER_ACCESS_DENIED, BROKER_UNAVAILABLE
 */
export async function createCheckpointTopic(
  connection: AdminConnection,
  request: CheckpointTopicRequest,
): Promise<void> {
  const topic = checkpointTopicOf(request.relay)
  const { shards, replicationFactor, timeoutMs } = request
  const deadline = new Deadline(timeoutMs)
  try {
    await connection.use(async (admin) => {
      // Without kafkajs's own wait for leaders: it takes a broker that has not heard of the topic yet for a failure.
      await admin.createTopics({
        waitForLeaders: false,
        topics: [{ topic, numPartitions: shards, replicationFactor, configEntries }],
      })
      while ((await partitionsOf(admin, topic)) < shards && !deadline.passed)
        await deadline.pause(lookPauseMs)
    })
  } catch (error) {
    const { type, message } = refusalOf(error) ?? {}
    if (type === 'INVALID_REPLICATION_FACTOR' || type === 'POLICY_VIOLATION')
      throw invalid(topic, String(message), error)
    throw brokerError(error, { doing: 'creating the checkpoint topic', topic })
  }
}

/** How many partitions a topic has; 0 when it is not known. */
export async function partitionsOf(admin: Admin, topic: string): Promise<number> {
  try {
    const { topics } = await admin.fetchTopicMetadata({ topics: [topic] })
    return topics[0]?.partitions.length ?? 0
  } catch (error) {
    if (refusalOf(error)?.type === 'UNKNOWN_TOPIC_OR_PARTITION') return 0
    throw error
  }
}

/**
 * The `cleanup.policy` of a topic. Undefined where the ACLs do not let us look: then the checkpoint topic's maker is trusted
 * to have made it as documented.
 */
export async function cleanupPolicyOf(admin: Admin, topic: string): Promise<string | undefined> {
  try {
    const resources = [{ type: topicResource, name: topic, configNames: ['cleanup.policy'] }]
    const described = await admin.describeConfigs({ includeSynonyms: false, resources })
    return described.resources[0]?.configEntries[0]?.configValue
  } catch (error) {
    const refusal = refusalOf(error)
    if (refusal && isAccessRefusal(refusal)) return undefined
    throw error
  }
}

function assertCompacted(topic: string, policy: string | undefined): void {
  if (policy === undefined || policy === 'compact') return
  throw invalid(
    topic,
    `its cleanup.policy is "${policy}", which deletes checkpoints of an idle relay; set it to "compact"`,
  )
}

function invalid(topic: string, why: string, cause?: unknown): PigeonholeError<'CHECKPOINT_TOPIC_INVALID'> {
  return new PigeonholeError('CHECKPOINT_TOPIC_INVALID', {
    message: `Checkpoint topic ${topic} cannot be used: ${why}`,
    details: { topic },
    ...(cause === undefined ? {} : { cause }),
  })
}
