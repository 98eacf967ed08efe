import { createRequire } from 'node:module'
import { describe, expect, it } from 'vitest'
import { capturedRow } from './captured-row.fake.js'
import { kafkaRecord, keyHash } from './kafka-record.js'

const require = createRequire(import.meta.url)
const encodeRecord = require('kafkajs/src/protocol/recordBatch/record/v0') as (message: object) => {
  readonly buffer: Buffer
}

const id = '0197b0c2-0000-7000-8000-000000000001'

describe('kafkaRecord', () => {
  it('carries the id first, then the stored headers in order', () => {
    const headers = [
      ['traceparent', '00-1'],
      ['b', 'ü'],
      ['a', { base64: 'AP8=' }],
    ] as const
    const { message } = kafkaRecord(capturedRow({ topic: 't', id, headers }), 3)
    expect(Object.entries(message.headers ?? {})).toEqual([
      ['message-id', id],
      ['traceparent', '00-1'],
      ['b', 'ü'],
      ['a', Buffer.from([0, 255])],
    ])
    expect(message.partition).toBe(3)
  })

  it('keeps every value of a header that comes more than once', () => {
    const headers = [
      ['a', '1'],
      ['b', '2'],
      ['a', '3'],
      ['a', '4'],
    ] as const
    const { message } = kafkaRecord(capturedRow({ topic: 't', headers }), 0)
    expect(message.headers).toMatchObject({ a: ['1', '3', '4'], b: '2' })
  })

  it.each(['__proto__', 'constructor', 'toString'])('takes a header named %s for a header', (name) => {
    const { message } = kafkaRecord(capturedRow({ topic: 't', headers: [[name, 'x']] }), 0)
    expect(Object.entries(message.headers ?? {})).toContainEqual([name, 'x'])
  })

  it('hands key and payload over as buffers over the same bytes', () => {
    const bytes = new Uint8Array([0, 1, 2, 3])
    const { message } = kafkaRecord(capturedRow({ topic: 't', key: bytes.subarray(1, 3), payload: bytes }), 0)
    expect(message.key).toEqual(Buffer.from([1, 2]))
    expect((message.value as Buffer).buffer).toBe(bytes.buffer)
  })

  it('keeps a missing key and a tombstone', () => {
    const { message } = kafkaRecord(capturedRow({ topic: 't', key: null, payload: null }), 0)
    expect(message).toMatchObject({ key: null, value: null })
  })

  it.each([
    ['nothing', capturedRow({ topic: 't', key: null, payload: null })],
    ['a payload', capturedRow({ topic: 't', payload: Buffer.alloc(300_000) })],
    [
      'headers',
      capturedRow({
        topic: 't',
        headers: [
          ['ü'.repeat(100), 'ß'.repeat(500)],
          ['b', { base64: 'AAAA' }],
        ],
      }),
    ],
  ])('never takes a record for smaller than it is: %s', (_, row) => {
    const { message, bytes } = kafkaRecord(row, 0)
    const size = encodeRecord({ ...message, offsetDelta: 2 ** 30, timestampDelta: 0 }).buffer.length
    expect(bytes).toBeGreaterThanOrEqual(size)
    expect(bytes).toBeLessThan(size + 60)
  })
})

describe('keyHash', () => {
  it('tells keys apart without telling them', () => {
    expect(keyHash(Buffer.from('order-1'))).toBe('0bafe22156d2698c')
    expect(keyHash(Buffer.from('order-2'))).not.toBe(keyHash(Buffer.from('order-1')))
    expect(keyHash(null)).toBe('none')
  })
})
