import { type CapturedRow, relayTopicPrefix } from '@pigeonhole/core'
import { type KafkaRecord, kafkaRecord } from './kafka-record.js'
import type { PartitionMap } from './partition-map.js'
import { partitionOfKey } from './partitioner.js'
import { recordRefused } from './send-errors.js'

/**
 * Settles the partition of each row, once and before anything is sent: kafkajs would choose anew with every try, by
 * whatever it knows of the topic then.
 * @throws TOPIC_MISSING, BROKER_ACCESS_DENIED, BROKER_UNAVAILABLE; RECORD_REFUSED for a partition that does not exist
 */
export async function placeRows(
  rows: readonly CapturedRow[],
  partitions: PartitionMap,
): Promise<KafkaRecord[]> {
  // Publishing refuses them; a trigger, or SQL by hand, does not ask.
  const reserved = rows.find(({ topic }) => topic.startsWith(relayTopicPrefix))
  if (reserved)
    throw recordRefused({ row: reserved }, 'its topic is one in which a relay keeps its checkpoints')
  const topics = new Set(rows.map(({ topic }) => topic))
  let counts = await partitions.count(topics)
  const isBeyond = ({ topic, partition }: CapturedRow): boolean =>
    partition !== null && partition >= (counts.get(topic) ?? 0)
  const beyond = rows.filter(isBeyond)
  if (beyond.length > 0) {
    partitions.forget(beyond.map(({ topic }) => topic))
    counts = await partitions.count(topics)
  }
  return rows.map((row) => {
    const count = counts.get(row.topic) ?? 0
    if (isBeyond(row))
      throw recordRefused({ row }, `partition ${row.partition} does not exist, the topic has ${count}`)
    return kafkaRecord(row, row.partition ?? partitionOfKey(row.key ?? Buffer.from(row.id), count))
  })
}
