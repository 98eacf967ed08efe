import { describe, expect, it } from 'vitest'
import { isPigeonholeError } from '../errors/pigeonhole-error.js'
import { jsonCodec, textCodec } from './codec.js'
import { assertTopicName, topic } from './topic.js'

describe('topic', () => {
  it('is JSON without a key or a schema unless told otherwise', () => {
    expect(topic('orders')).toEqual({ name: 'orders', schema: undefined, key: undefined, codec: jsonCodec })
  })

  it('carries what it is told', () => {
    const key = (value: string): string => value
    expect(topic<string>('orders', { key, codec: textCodec })).toMatchObject({ key, codec: textCodec })
  })

  it.each(['', '.', '..', 'or ders', 'orders/eu', 'bestellungen-ä', 'a'.repeat(250)])(
    'refuses the name %j',
    (name) => {
      expect(() => topic(name)).toThrow(
        expect.toSatisfy(
          (error) => isPigeonholeError(error, 'TOPIC_NAME_INVALID') && error.details.topic === name,
        ),
      )
    },
  )

  it.each(['a', 'orders.v1', '...', '_', 'A-b_C.9', 'a'.repeat(249)])('accepts the name %j', (name) => {
    expect(() => assertTopicName(name)).not.toThrow()
  })
})
