import { murmur2 } from '@pigeonhole/core'

/** The partition of a key as Kafka's Java client chooses it. */
export function partitionOfKey(key: Uint8Array, partitions: number): number {
  return (murmur2(key) & 0x7fffffff) % partitions
}
