import type { RecordMetadata, TopicMessages } from 'kafkajs'
import { GroupedMessages } from './grouped-messages.js'
import type { KafkaRecord } from './kafka-record.js'

const batchOverhead = 61

/** What one `sendBatch` carries: at most one record batch for a partition. */
export interface ProduceRequest {
  readonly topicMessages: TopicMessages[]
  readonly records: readonly KafkaRecord[]
}

/**
 * Divides records into requests that follow one another, so that no partition gets more than `maxBytes` in one of them,
 * but for a record that is larger by itself. Each partition keeps its order.
 */
export function divideIntoRequests(records: readonly KafkaRecord[], maxBytes: number): ProduceRequest[] {
  const filling = new Map<string, { request: number; bytes: number }>()
  const requests: KafkaRecord[][] = []
  for (const record of records) {
    const place = placeOf(record)
    const batch = filling.get(place) ?? { request: 0, bytes: batchOverhead }
    filling.set(place, batch)
    if (batch.bytes > batchOverhead && batch.bytes + record.bytes > maxBytes) {
      batch.request += 1
      batch.bytes = batchOverhead
    }
    batch.bytes += record.bytes
    const request = requests[batch.request] ?? []
    requests[batch.request] = request
    request.push(record)
  }
  return requests.map((request) => ({ topicMessages: byTopic(request), records: request }))
}

/**
 * The partitions of `request` that `acknowledged` does not cover, as `topic/partition`. kafkajs sends nothing to a
 * partition that its metadata do not know, and says nothing about it.
 */
export function missingAcknowledgements(
  { records }: ProduceRequest,
  acknowledged: readonly RecordMetadata[],
): string[] {
  const places = new Set(records.map(placeOf))
  for (const { topicName, partition, errorCode } of acknowledged) {
    if (errorCode === 0) places.delete(`${topicName}/${partition}`)
  }
  return [...places]
}

function placeOf({ row, partition }: KafkaRecord): string {
  return `${row.topic}/${partition}`
}

function byTopic(records: readonly KafkaRecord[]): TopicMessages[] {
  const topics = new Map<string, GroupedMessages>()
  for (const { row, message, partition } of records) {
    const grouped = topics.get(row.topic) ?? new GroupedMessages()
    topics.set(row.topic, grouped)
    grouped.add(message, partition)
  }
  return [...topics].map(([topic, { messages }]) => ({ topic, messages }))
}
