import { createHash } from 'node:crypto'
import { Partitioners } from 'kafkajs'
import { describe, expect, it } from 'vitest'
import { partitionOfKey } from './partitioner.js'

const kafkajsPartitioner = Partitioners.DefaultPartitioner()

function partitionOfKafkajs(key: Buffer, partitions: number): number {
  const metadata = { partitionErrorCode: 0, leader: 1, replicas: [1], isr: [1] }
  const partitionMetadata = Array.from({ length: partitions }, (_, partitionId) => ({
    ...metadata,
    partitionId,
  }))
  return kafkajsPartitioner({ topic: 't', partitionMetadata, message: { key, value: null } })
}

describe('partitionOfKey', () => {
  it('chooses as kafkajs does, for keys of every length and any number of partitions', () => {
    for (let length = 0; length <= 64; length += 1) {
      const key = createHash('shake256', { outputLength: 64 })
        .update(String(length))
        .digest()
        .subarray(0, length)
      for (const partitions of [1, 2, 3, 7, 12, 100]) {
        expect(partitionOfKey(key, partitions)).toBe(partitionOfKafkajs(key, partitions))
      }
    }
  })

  // From org.apache.kafka.common.utils.UtilsTest.testMurmur2, made positive as BuiltInPartitioner does.
  it.each([
    ['21', -973932308],
    ['foobar', -790332482],
    ['a-little-bit-long-string', -985981536],
    ['lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8', -58897971],
  ])('agrees with the Java client on %s', (key, hash) => {
    expect(partitionOfKey(Buffer.from(key), 1000)).toBe((hash & 0x7fffffff) % 1000)
  })
})
