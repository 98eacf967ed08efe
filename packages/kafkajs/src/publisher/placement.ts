import { type CapturedRow, relayTopicPrefix } from '@pigeonhole/core'
import { type KafkaRecord, kafkaRecord } from './kafka-record.js'
import type { PartitionMap } from './partition-map.js'
import { partitionOfKey } from './partitioner.js'
import { recordRefused } from './send-errors.js'
import { isTopicName } from './topic-name.js'

/**
 * Settles the partition of each row, once and before anything is sent: kafkajs would choose anew with every try, by
 * whatever it knows of the topic then.
 * @throws TOPIC_MISSING, BROKER_ACCESS_DENIED, BROKER_UNAVAILABLE; RECORD_REFUSED for a topic or a partition that cannot be, and for
 * headers that are none
 */
export async function placeRows(
  rows: readonly CapturedRow[],
  partitions: PartitionMap,
): Promise<KafkaRecord[]> {
  const topics = new Set(rows.map(({ topic }) => topic))
  const unusable = [...topics].find((topic) => faultOf(topic) !== undefined)
  const refused = unusable === undefined ? undefined : rows.find(({ topic }) => topic === unusable)
  if (refused) throw recordRefused({ row: refused }, faultOf(refused.topic) ?? '')
  let counts = await partitions.count(topics)
  const isBeyond = ({ topic, partition }: CapturedRow): boolean =>
    partition !== null && (partition < 0 || partition >= (counts.get(topic) ?? 0))
  const beyond = rows.filter(isBeyond)
  if (beyond.length > 0) {
    partitions.forget(beyond.map(({ topic }) => topic))
    counts = await partitions.count(topics)
  }
  return rows.map((row) => {
    const count = counts.get(row.topic) ?? 0
    if (isBeyond(row))
      throw recordRefused({ row }, `partition ${row.partition} does not exist, the topic has ${count}`)
    return recordOf(row, row.partition ?? partitionOfKey(row.key ?? Buffer.from(row.id), count))
  })
}

// Publishing refuses them; a trigger, or SQL by hand, does not ask.
function faultOf(topic: string): string | undefined {
  if (topic.startsWith(relayTopicPrefix)) return 'its topic is one in which a relay keeps its checkpoints'
  return isTopicName(topic) ? undefined : 'no topic of Kafka can have that name'
}

// The same who does not ask may write any JSON for headers. What it is stays untold: it is the message's.
function recordOf(row: CapturedRow, partition: number): KafkaRecord {
  try {
    return kafkaRecord(row, partition)
  } catch {
    throw recordRefused({ row }, 'its headers are not as publishing stores them')
  }
}
