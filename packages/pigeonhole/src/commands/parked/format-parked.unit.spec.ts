import { describe, expect, it } from 'vitest'
import { formatGroups, toJson } from './format-parked.js'

const group = {
  kind: 'key' as const,
  topic: 'orders',
  id: '7',
  messages: 2,
  errorCode: 'RECORD_REFUSED',
  error: 'too large',
  attempts: 1,
  since: '2026-01-01T00:00:00.000Z',
  retryAt: null,
}

describe('a key', () => {
  it.each([
    ['text', Buffer.from('kunde-ä'), 'kunde-ä'],
    ['bytes', Buffer.of(0xff, 0), 'hex:ff00'],
    ['nothing', Buffer.alloc(0), 'hex:'],
    ['words', Buffer.from('two words 😀'), 'two words 😀'],
    ['spaces that nobody sees', Buffer.from(' a '), 'hex:206120'],
    ['the sign of no key', Buffer.from('-'), 'hex:2d'],
    ['a colour', Buffer.from('\u001b[31m'), 'hex:1b5b33316d'],
    ['a turned direction', Buffer.from('a\u202eb'), 'hex:61e280ae62'],
    ['text that looks like bytes', Buffer.from('hex:ff'), 'hex:6865783a6666'],
  ])('of %s can be given back as it is shown', (_, key, shown) => {
    expect(formatGroups([{ ...group, key }])).toContain(`orders  ${shown}  `)
  })
})

describe('JSON', () => {
  it('has bytes as base64', () => {
    expect(JSON.parse(toJson({ a: Buffer.of(255), b: new Uint8Array([1]), c: null }))).toEqual({
      a: { base64: '/w==' },
      b: { base64: 'AQ==' },
      c: null,
    })
  })
})
