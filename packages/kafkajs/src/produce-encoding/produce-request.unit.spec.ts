import { createRequire } from 'node:module'
import fc from 'fast-check'
import type { Message } from 'kafkajs'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { encodeProduceRequest, type ProduceRequestData } from './produce-request.js'

const require = createRequire(import.meta.url)

beforeAll(() => {
  vi.useFakeTimers({ toFake: ['Date'], now: 1_790_000_000_123 })
})

afterAll(() => {
  vi.useRealTimers()
})

/** The bytes that kafkajs itself makes of a request, in the version of the protocol given. */
async function bytesOfKafkajs(version: number, data: ProduceRequestData): Promise<Buffer> {
  const make = require(`kafkajs/src/protocol/requests/produce/v${version}/request`) as (
    data: ProduceRequestData,
  ) => { encode(): Promise<{ readonly buffer: Buffer }> }
  return (await make(data).encode()).buffer
}

const nullable = { nil: null }
const buffer = fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes))
const text = fc.string({ unit: 'grapheme', maxLength: 90 })
const value = fc.oneof(text, buffer)
const message: fc.Arbitrary<Message> = fc.record(
  {
    key: fc.option(value, nullable),
    value: fc.option(value, nullable),
    headers: fc.dictionary(text, fc.oneof(value, fc.array(value, { maxLength: 3 })), { maxKeys: 4 }),
  },
  { requiredKeys: ['key', 'value'] },
)
const partition = fc.record({
  partition: fc.nat(1_000),
  firstSequence: fc.nat(2 ** 31 - 1),
  messages: fc.array(message, { minLength: 1, maxLength: 6 }),
})
const request: fc.Arbitrary<ProduceRequestData> = fc.record({
  transactionalId: fc.option(text, nullable),
  acks: fc.constantFrom(-1, 1),
  timeout: fc.nat(2 ** 31 - 1),
  producerId: fc.bigInt({ min: -1n, max: 2n ** 63n - 1n }).map(String),
  producerEpoch: fc.nat(2 ** 15 - 1),
  topicData: fc.array(
    fc.record({ topic: text, partitions: fc.array(partition, { minLength: 1, maxLength: 3 }) }),
    { maxLength: 3 },
  ),
})

function requestOf(messages: Message[]): ProduceRequestData {
  const topicData = [{ topic: 'orders', partitions: [{ partition: 1, firstSequence: 7, messages }] }]
  return { transactionalId: 'id', acks: -1, timeout: 10, producerId: '5', producerEpoch: 3, topicData }
}

async function expectAlike(data: ProduceRequestData): Promise<void> {
  const expected = await bytesOfKafkajs(7, data)
  expect(encodeProduceRequest(data).buffer.equals(expected)).toBe(true)
}

describe('encodeProduceRequest', () => {
  it('writes any request byte for byte as kafkajs does', async () => {
    await fc.assert(fc.asyncProperty(request, expectAlike), { numRuns: 500 })
  })

  it.each([3, 4, 5, 6, 7])('writes the body of version %i', async (version) => {
    const data = requestOf([
      { key: 'k', value: Buffer.from('v'), headers: { name: ['a', Buffer.from('b')] } },
    ])
    expect(encodeProduceRequest(data).buffer).toEqual(await bytesOfKafkajs(version, data))
  })

  it('writes the numbers of records, and lengths, that need one byte more', async () => {
    for (const count of [63, 64, 65, 8_191, 8_192, 8_193])
      await expectAlike(requestOf(Array.from({ length: count }, () => ({ key: null, value: 'v' }))))
    for (const size of [39, 40, 41, 63, 64, 8_191, 8_192, 1_048_575, 1_048_576])
      await expectAlike(requestOf([{ key: Buffer.alloc(size, 1), value: 'ä'.repeat(size) }]))
  })

  it('writes headers without a prototype, and names of any kind, in the order of kafkajs', async () => {
    const headers = Object.assign(Object.create(null), { __proto__x: 'a', 7: 'b', constructor: 'c', '': 'd' })
    await expectAlike(requestOf([{ key: null, value: null, headers }]))
  })

  it('fills its memory to the last byte', () => {
    const { buf, buffer, size } = encodeProduceRequest(requestOf([{ key: 'k', value: 'v' }]))
    expect(buffer).toBe(buf)
    expect(size()).toBe(buffer.length)
  })
})
