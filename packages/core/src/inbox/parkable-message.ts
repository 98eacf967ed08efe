import { headerBytes, storeHeader } from '../message/headers.js'
import type { ParkableMessage } from '../ports/inbox-parking.js'
import type { Identity } from './deduplication.js'
import type { Delivery } from './delivery.js'

/** A delivery as it is parked. */
export function parkableOf(delivery: Delivery, id: Identity['id']): ParkableMessage {
  const { topic, partition, offset, key, value, headers, timestamp } = delivery
  return {
    topic,
    partition: partition ?? null,
    offset: offset ?? null,
    key,
    id: id ?? null,
    // A name with U+0000, which no client sends by accident, has no place in jsonb.
    headers: headers.map(([name, bytes]) => storeHeader(name.replaceAll('\0', '\ufffd'), bytes)),
    payload: value,
    // Nanoseconds are no time that a Date has. They must not keep what came with them from being parked.
    createdAt: timestamp && !Number.isNaN(timestamp.getTime()) ? timestamp : null,
  }
}

/** A parked message as it was delivered. */
export function deliveryOf({ partition, offset, createdAt, ...message }: ParkableMessage): Delivery {
  return {
    topic: message.topic,
    ...(partition === null ? {} : { partition }),
    ...(offset === null ? {} : { offset }),
    key: message.key,
    value: message.payload,
    headers: message.headers.map((header) => [header[0], headerBytes(header)] as const),
    ...(createdAt === null ? {} : { timestamp: createdAt }),
  }
}
