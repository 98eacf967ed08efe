import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { headerBytes, isReservedHeader, storeHeader } from './headers.js'

/** What PostgreSQL's jsonb gives back: it refuses U+0000 and lone surrogates, and JSON does not change the rest. */
function throughJsonb<T>(stored: T): T {
  const text = JSON.stringify(stored)
  if (/\\u0000|\\ud[89a-f]/i.test(text)) throw new Error('jsonb refuses this text')
  return JSON.parse(text) as T
}

const anyText = fc.string({
  unit: fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom('\u0000', '\ud800', '\udc00', '\ufeff')),
})

describe('storeHeader', () => {
  it('gives any bytes back as they were, through jsonb', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
        const stored = throughJsonb(storeHeader('name', bytes))
        expect(headerBytes(stored)).toEqual(Buffer.from(bytes))
      }),
    )
  })

  it('gives any text back as its UTF-8 bytes, through jsonb', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        const stored = throughJsonb(storeHeader('name', text))
        expect(headerBytes(stored)).toEqual(Buffer.from(text, 'utf8'))
      }),
    )
  })

  it.each([
    ['text', 'héllo', 'héllo'],
    ['the bytes of text', Buffer.from('héllo'), 'héllo'],
    ['an empty value', Buffer.of(), ''],
    ['a byte order mark', Buffer.from([0xef, 0xbb, 0xbf, 0x61]), '\ufeffa'],
  ])('keeps %s readable', (_what, value, stored) => {
    expect(storeHeader('name', value)).toEqual(['name', stored])
  })

  it.each([
    ['bytes that are not UTF-8', Buffer.of(0xff, 0x00), '/wA='],
    ['U+0000', 'a\u0000', 'YQA='],
    ['a lone surrogate, as the replacement character that UTF-8 has for it', '\ud800', '77+9'],
  ])('keeps %s as base64', (_what, value, base64) => {
    expect(storeHeader('name', value)).toEqual(['name', { base64 }])
  })
})

describe('isReservedHeader', () => {
  it.each([
    'message-id',
    'Message-ID',
    'traceparent',
    'TRACEPARENT',
    'tracestate',
    'pigeonhole-anything',
    'Pigeonhole-X',
  ])('%s is', (name) => {
    expect(isReservedHeader(name)).toBe(true)
  })

  it.each(['id', 'message-ids', 'x-pigeonhole-', 'pigeonhole'])('%s is not', (name) => {
    expect(isReservedHeader(name)).toBe(false)
  })
})
