import { createRequire } from 'node:module'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { crc32c } from './crc32c.js'

const require = createRequire(import.meta.url)
const crcOfKafkajs = require('kafkajs/src/protocol/recordBatch/crc32C') as (bytes: Buffer) => number

it('is the checksum of RFC 3720', () => {
  expect(crc32c(Buffer.from('123456789'), 0, 9)).toBe(0xe3069283)
  expect(crc32c(Buffer.alloc(32), 0, 32)).toBe(0x8a9136aa)
  expect(crc32c(Buffer.alloc(32, 0xff), 0, 32)).toBe(0x62a8ab43)
})

it('is what kafkajs makes of any part of any bytes', () => {
  const bounded = fc.tuple(fc.uint8Array({ maxLength: 300 }), fc.nat(16), fc.nat(16))
  fc.assert(
    fc.property(bounded, ([bytes, before, behind]) => {
      const all = Buffer.concat([Buffer.alloc(before, 1), bytes, Buffer.alloc(behind, 2)])
      expect(crc32c(all, before, before + bytes.length)).toBe(crcOfKafkajs(Buffer.from(bytes)))
    }),
  )
})
