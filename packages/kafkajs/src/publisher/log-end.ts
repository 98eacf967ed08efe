import type { Kafka } from 'kafkajs'
import { clusterOf } from '../kafkajs-copy.js'
import { LogPartition } from './log-partition.js'

/** Where a partition ends, also behind transactions that have not ended. By a connection of its own: errors of kafkajs pass. */
export async function logEnd(kafka: Kafka, topic: string, partition: number): Promise<bigint> {
  const cluster = clusterOf(kafka)
  try {
    await cluster.connect()
    await cluster.addTargetTopic(topic)
    return await new LogPartition(cluster, topic, partition).end()
  } finally {
    await cluster.disconnect().catch(() => undefined)
  }
}
