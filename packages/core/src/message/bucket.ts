import { murmur2 } from './murmur2.js'

/** How many buckets the messages of an outbox fall into. A shard owns a range of them. */
export const bucketCount = 256

/** The bucket of a message: that of its topic and key, or of its id where it has no key. */
export function bucketOf(topic: string, key: Uint8Array | null, id: string): number {
  const separator = Uint8Array.of(0)
  const bytes = Buffer.concat([Buffer.from(topic, 'utf8'), separator, key ?? Buffer.from(id, 'utf8')])
  return murmur2(bytes) & (bucketCount - 1)
}
