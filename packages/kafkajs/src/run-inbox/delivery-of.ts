import type { Delivery } from '@pigeonhole/core'
import type { IHeaders, KafkaMessage } from 'kafkajs'
import type { PartitionPlace } from './run-inbox-events.js'

/** The latest time of a Date, in milliseconds. */
const latestMs = 8.64e15

/**
 * A kafkajs message as an inbox takes it. kafkajs groups headers by name: the values of one name keep their order, and
 * names that look like whole numbers come first.
 */
export function deliveryOf({ topic, partition }: PartitionPlace, message: KafkaMessage): Delivery {
  const timestamp = Number(message.timestamp)
  return {
    topic,
    partition,
    offset: BigInt(message.offset),
    key: message.key,
    value: message.value,
    headers: headerPairs(message.headers),
    // Absent in the oldest message format, -1 where the producer gave none, and no time where it gave nanoseconds.
    ...(timestamp >= 0 && timestamp <= latestMs ? { timestamp: new Date(timestamp) } : {}),
  }
}

function headerPairs(headers: IHeaders | undefined): Delivery['headers'] {
  return Object.entries(headers ?? {}).flatMap(([name, values]) =>
    [values].flat().map((value): [string, Uint8Array] => [name, headerValue(value)]),
  )
}

// kafkajs hands over buffers, and null for a header without a value.
function headerValue(value: Buffer | string | null | undefined): Uint8Array {
  return typeof value === 'string' ? Buffer.from(value, 'utf8') : (value ?? Buffer.alloc(0))
}
