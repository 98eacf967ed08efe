import type { ConsumerConfig } from 'kafkajs'
import { prefix } from '../../settings.js'
import type { Subject } from '../protocol.js'

/**
 * The session is the shortest that a broker allows by default: so long a dead consumer keeps its partitions. A consumer
 * that is told to stop waits for its last fetch.
 */
export const billingGroup: ConsumerConfig = {
  groupId: `${prefix}billing`,
  sessionTimeout: 6_000,
  heartbeatInterval: 500,
  maxWaitTimeInMs: 500,
}

interface Place {
  readonly topic: string
  readonly partition?: number
  readonly offset?: bigint
}

/** The place of a delivery, as it is told to the conductor. */
export function subjectOf({ topic, partition = 0, offset = 0n }: Place): Subject {
  return { topic, partition, offset: Number(offset) }
}
