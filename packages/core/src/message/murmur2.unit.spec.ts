import { createRequire } from 'node:module'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { murmur2 } from './murmur2.js'

// kafkajs's own implementation of the hash by which Kafka's Java client partitions. It has no types.
const require = createRequire(import.meta.url)
const kafkajsMurmur2: (key: Buffer) => number = require('kafkajs/src/producer/partitioners/default/murmur2')

describe('murmur2', () => {
  it("agrees with kafkajs's partitioner on any bytes", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
        expect(murmur2(bytes)).toBe(kafkajsMurmur2(Buffer.from(bytes)))
      }),
      { numRuns: 2_000 },
    )
  })

  // org.apache.kafka.common.utils.UtilsTest.testMurmur2
  it.each([
    ['21', -973932308],
    ['foobar', -790332482],
    ['a-little-bit-long-string', -985981536],
    ['a-little-bit-longer-string', -1486304829],
    ['lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8', -58897971],
    ['abc', 479470107],
  ])("agrees with Kafka's own test on %s", (text, hash) => {
    expect(murmur2(Buffer.from(text))).toBe(hash)
  })
})
