import { describe, expect, it } from 'vitest'
import { bucketOf } from '../message/bucket.js'
import { composeRow, type RawMessage } from './compose-row.js'

const options = { maxMessageBytes: 100 }
const message: RawMessage = { topic: 'orders', key: 'k1', value: 'v1' }

describe('composeRow', () => {
  it('turns text into UTF-8 bytes and leaves bytes alone', () => {
    const row = composeRow({ topic: 'orders', key: 'ä', value: Buffer.of(0, 255) }, options)
    expect(row).toMatchObject({
      topic: 'orders',
      key: Buffer.from('ä'),
      payload: Buffer.of(0, 255),
      partition: null,
      headers: [],
    })
  })

  it.each([[null], [undefined]])('has no key where the message has %s', (key) => {
    const row = composeRow({ topic: 'orders', value: 'v', ...(key === null ? { key } : {}) }, options)
    expect(row.key).toBeNull()
    expect(row.bucket).toBe(bucketOf('orders', null, row.id))
  })

  it('keeps an empty key apart from none', () => {
    expect(composeRow({ ...message, key: '' }, options).key).toEqual(Buffer.of())
  })

  it('keeps a null value as a tombstone, and an empty one as it is', () => {
    expect(composeRow({ ...message, value: null }, options).payload).toBeNull()
    expect(composeRow({ ...message, value: '' }, options).payload).toEqual(Buffer.of())
  })

  it('refuses a value that is missing, which would be a tombstone', () => {
    expect(() => composeRow({ ...message, value: undefined as unknown as null }, options)).toThrow(
      expect.objectContaining({
        code: 'VALUE_NOT_SERIALISABLE',
        message: expect.stringContaining('undefined'),
      }),
    )
  })

  it('refuses a key that is neither text nor bytes', () => {
    expect(() => composeRow({ ...message, key: 7 as unknown as string }, options)).toThrow(
      expect.objectContaining({ code: 'OPTION_INVALID', details: { option: 'key' } }),
    )
  })

  it.each([
    ['key', 'OPTION_INVALID', { ...message, key: 'a\ud800' }],
    ['value', 'VALUE_NOT_SERIALISABLE', { ...message, value: '\udc00b' }],
    ['header', 'HEADER_INVALID', { ...message, headers: { name: '\ud800' } }],
  ])('refuses a lone surrogate in a %s, which would arrive as another character', (_, code, unpaired) => {
    expect(() => composeRow(unpaired, options)).toThrow(
      expect.objectContaining({ code, message: expect.stringContaining('lone surrogate') }),
    )
  })

  it('gives ids that are UUIDs of version 7 and rise in the order of the calls', () => {
    const ids = Array.from({ length: 100 }, () => composeRow(message, options).id)
    expect(ids[0]).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
    expect(ids).toEqual(ids.toSorted())
    expect(new Set(ids).size).toBe(100)
  })

  it('has the bucket of its topic and key', () => {
    expect(composeRow(message, options).bucket).toBe(bucketOf('orders', Buffer.from('k1'), ''))
  })

  it.each(['', 'a b', 'x'.repeat(250)])('refuses the topic name %j', (topic) => {
    expect(() => composeRow({ ...message, topic }, options)).toThrow(
      expect.objectContaining({ code: 'TOPIC_NAME_INVALID' }),
    )
  })
})

describe('the topic of a row', () => {
  it('may not be one in which a relay keeps its checkpoints', () => {
    expect(() => composeRow({ ...message, topic: 'pigeonhole.relay.orders' }, options)).toThrow(
      expect.objectContaining({ code: 'TOPIC_NAME_INVALID', details: { topic: 'pigeonhole.relay.orders' } }),
    )
    expect(composeRow({ ...message, topic: 'pigeonhole.orders' }, options).topic).toBe('pigeonhole.orders')
  })
})

describe('the partition of a row', () => {
  it.each([0, 7, 2 ** 31 - 1])('may be %d', (partition) => {
    expect(composeRow({ ...message, partition }, options).partition).toBe(partition)
  })

  it.each([-1, 1.5, 2 ** 31, Number.NaN, '1' as unknown as number])('may not be %s', (partition) => {
    expect(() => composeRow({ ...message, partition }, options)).toThrow(
      expect.objectContaining({ code: 'OPTION_INVALID', details: { option: 'partition' } }),
    )
  })
})

describe('the headers of a row', () => {
  it('keep their order and duplicates', () => {
    const headers = [
      ['b', '1'],
      ['a', Buffer.of(0xff)],
      ['b', '2'],
    ] as const
    expect(composeRow({ ...message, headers }, options).headers).toEqual([
      ['b', '1'],
      ['a', { base64: '/w==' }],
      ['b', '2'],
    ])
  })

  it('may come as an object', () => {
    expect(composeRow({ ...message, headers: { b: '1', a: '2' } }, options).headers).toEqual([
      ['b', '1'],
      ['a', '2'],
    ])
  })

  it.each(['message-id', 'Message-Id', 'traceparent', 'tracestate', 'pigeonhole-shard'])(
    'may not be called %s',
    (name) => {
      expect(() => composeRow({ ...message, headers: { [name]: 'x' } }, options)).toThrow(
        expect.objectContaining({
          code: 'HEADER_INVALID',
          details: { topic: 'orders', header: name },
          message: expect.stringContaining('Pigeonhole writes itself'),
        }),
      )
    },
  )

  it.each([[''], ['a\u0000'], ['\ud800'], [undefined as unknown as string]])(
    'may not be called %j',
    (name) => {
      expect(() => composeRow({ ...message, headers: [[name, 'x']] }, options)).toThrow(
        expect.objectContaining({ code: 'HEADER_INVALID', message: expect.stringContaining('needs a name') }),
      )
    },
  )

  it.each([[1], [undefined], [null], [{}]])('may not have the value %j', (value) => {
    expect(() => composeRow({ ...message, headers: { a: value as unknown as string } }, options)).toThrow(
      expect.objectContaining({
        code: 'HEADER_INVALID',
        message: expect.stringContaining('must be a string or bytes'),
      }),
    )
  })
})

describe('the size of a row', () => {
  const headers = { header: Buffer.alloc(10) }

  it('counts key, value, and the names and values of headers', () => {
    const fitting = { topic: 'orders', key: Buffer.alloc(20), value: Buffer.alloc(64), headers }
    expect(() => composeRow(fitting, options)).not.toThrow()
    expect(() => composeRow({ ...fitting, value: Buffer.alloc(65) }, options)).toThrow(
      expect.objectContaining({
        code: 'MESSAGE_TOO_LARGE',
        details: { topic: 'orders', bytes: 101, maxBytes: 100 },
      }),
    )
  })

  it('counts bytes, not characters', () => {
    expect(() => composeRow({ topic: 'orders', value: 'ä'.repeat(51) }, options)).toThrow(
      expect.objectContaining({ details: expect.objectContaining({ bytes: 102 }) }),
    )
  })

  it('counts the bytes of a header that is kept as base64', () => {
    const binary = { topic: 'orders', value: null, headers: { a: Buffer.alloc(99, 0xff) } }
    expect(() => composeRow(binary, options)).not.toThrow()
  })
})
