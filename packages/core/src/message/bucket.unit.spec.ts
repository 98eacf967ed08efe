import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { bucketCount, bucketOf } from './bucket.js'
import { murmur2 } from './murmur2.js'

describe('bucketOf', () => {
  it('is murmur2(topic, 0x00, key) & 255', () => {
    fc.assert(
      fc.property(fc.string(), fc.uint8Array(), (topic, key) => {
        const bytes = Buffer.concat([Buffer.from(topic), Buffer.of(0), key])
        expect(bucketOf(topic, key, 'an id')).toBe(murmur2(bytes) & 255)
      }),
    )
  })

  it('is that of the id where there is no key', () => {
    const id = '0190163d-8694-739b-aea5-966c26f8ad90'
    expect(bucketOf('orders', null, id)).toBe(bucketOf('orders', Buffer.from(id), 'another'))
    expect(bucketOf('orders', Buffer.of(), id)).not.toBe(bucketOf('orders', null, id))
  })

  it('spreads keys over all buckets', () => {
    const keys = Array.from({ length: 5_000 }, (_, i) => Buffer.from(`order-${i}`))
    expect(new Set(keys.map((key) => bucketOf('orders', key, ''))).size).toBe(bucketCount)
  })
})
