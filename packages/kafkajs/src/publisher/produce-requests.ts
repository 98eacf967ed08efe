import type { Message, RecordMetadata, TopicMessages } from 'kafkajs'
import { GroupedMessages } from './grouped-messages.js'
import type { KafkaRecord } from './kafka-record.js'
import type { TopicPartitions } from './transaction-coordinator.js'

const batchOverhead = 61

/** What one `sendBatch` carries: at most one record batch for a partition. */
export interface ProduceRequest {
  readonly topicMessages: TopicMessages[]
  readonly records: readonly KafkaRecord[]
  /** The partitions that it has something for, as `topic/partition`. */
  readonly places: readonly string[]
}

/** The record of a checkpoint, and where it goes. */
export interface CheckpointSend {
  readonly topic: string
  readonly partition: number
  readonly message: Message
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
  return requests.map((request) => ({
    topicMessages: byTopic(request),
    records: request,
    places: [...new Set(request.map(placeOf))],
  }))
}

/** `requests` with a checkpoint that rides in the first of them, or goes alone where there is none. */
export function withCheckpoint(
  requests: readonly ProduceRequest[],
  { topic, partition, message }: CheckpointSend,
): ProduceRequest[] {
  const [first, ...rest] = requests
  const topicMessages = [{ topic, messages: [message] }, ...(first?.topicMessages ?? [])]
  const places = [`${topic}/${partition}`, ...(first?.places ?? [])]
  return [{ topicMessages, records: first?.records ?? [], places }, ...rest]
}

/** All partitions that `requests` have something for. */
export function partitionsOf(requests: readonly ProduceRequest[]): TopicPartitions[] {
  const places = [...new Set(requests.flatMap((request) => request.places))]
  // No name of a topic has a slash in it.
  return places.map((place) => {
    const [topic = '', partition] = place.split('/')
    return { topic, partitions: [Number(partition)] }
  })
}

/**
 * The partitions of `request` that `acknowledged` does not cover, as `topic/partition`. kafkajs sends nothing to a
 * partition that its metadata do not know, and says nothing about it.
 */
export function missingAcknowledgements(
  { places }: ProduceRequest,
  acknowledged: readonly RecordMetadata[],
): string[] {
  const missing = new Set(places)
  for (const { topicName, partition, errorCode } of acknowledged) {
    if (errorCode === 0) missing.delete(`${topicName}/${partition}`)
  }
  return [...missing]
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
