import { describe, expect, it } from 'vitest'
import type { Delivery } from './delivery.js'
import { headerText } from './delivery.js'
import { conventionalMessageId, resolveMessageId } from './message-id.js'

function delivery(headers: Record<string, string>): Delivery {
  const pairs = Object.entries(headers).map(([name, value]) => [name, Buffer.from(value)] as const)
  return { topic: 'orders', key: null, value: null, headers: pairs }
}

describe('conventionalMessageId', () => {
  it.each([
    [
      { ce_source: '/shop', ce_id: '1', 'message-id': '2', id: '3', MessageId: '4' },
      { scope: '/shop', id: '1' },
    ],
    [
      { ce_id: '1', 'message-id': '2', id: '3', MessageId: '4' },
      { scope: 'orders', id: '2' },
    ],
    [
      { ce_source: '/shop', id: '3', MessageId: '4' },
      { scope: 'orders', id: '3' },
    ],
    [
      { 'message-id': '', id: '3' },
      { scope: 'orders', id: '3' },
    ],
    [{ MessageId: '4' }, { scope: 'orders', id: '4' }],
    [{ messageid: '5' }, undefined],
    [{}, undefined],
  ])('finds in %j: %j', (headers, id) => {
    expect(conventionalMessageId(delivery(headers))).toEqual(id)
  })
})

describe('resolveMessageId', () => {
  it.each([
    ['an id', 'i', { scope: 'orders', id: 'i' }],
    ['an id with a scope', { scope: 's', id: 'i' }, { scope: 's', id: 'i' }],
    ['no id', undefined, undefined],
    ['an empty id', '', undefined],
    ['an empty id with a scope', { scope: 's', id: '' }, undefined],
  ])('takes %s', (_what, found, id) => {
    expect(resolveMessageId(() => found, delivery({}))).toEqual(id)
  })
})

describe('headerText', () => {
  const idOf = (...bytes: number[]) =>
    headerText({ topic: 'orders', key: null, value: null, headers: [['id', Uint8Array.from(bytes)]] }, 'id')

  it.each([
    ['a number', [0, 0, 0, 1], 'base64:AAAAAQ=='],
    ['bytes that are not UTF-8', [0x9d, 0x81], 'base64:nYE='],
    ['a byte order mark', [0xef, 0xbb, 0xbf, 0x61], '\ufeffa'],
    ['text', [0xc3, 0xa9], 'é'],
  ])('tells %s from others', (_what, bytes, text) => {
    expect(idOf(...bytes)).toBe(text)
  })

  it('does not take one binary id for another', () => {
    const ids = Array.from({ length: 256 }, (_, byte) => idOf(0x9d, byte))
    expect(new Set(ids).size).toBe(256)
  })

  it('is the first of its name', () => {
    const twice: Delivery = {
      ...delivery({}),
      headers: [
        ['a', Buffer.from('1')],
        ['a', Buffer.from('2')],
      ],
    }
    expect(headerText(twice, 'a')).toBe('1')
    expect(headerText(twice, 'b')).toBeUndefined()
  })
})

describe('an id that is longer than an index takes', () => {
  const long = 'x'.repeat(1_001)

  it('is told from others by its SHA-256, and so is its scope', () => {
    const found = resolveMessageId(() => ({ scope: `${long}s`, id: long }), delivery({}))
    expect(found?.id).toMatch(/^sha256:[0-9a-f]{64}$/)
    expect(found?.scope).toMatch(/^sha256:[0-9a-f]{64}$/)
    expect(resolveMessageId(() => `${long}y`, delivery({}))?.id).not.toBe(found?.id)
  })

  it('is taken as it is up to 1,000 bytes', () => {
    expect(resolveMessageId(() => 'x'.repeat(1_000), delivery({}))?.id).toBe('x'.repeat(1_000))
    expect(resolveMessageId(() => 'ä'.repeat(501), delivery({}))?.id).toMatch(/^sha256:/)
  })
})

describe('an id that PostgreSQL does not take', () => {
  it.each([
    ['U+0000', ['a\0b', 'a\0c']],
    ['half of a surrogate pair', ['a\ud800', 'a\ud801']],
  ])('is told from others by its SHA-256, where it has %s', (_, ids) => {
    const found = ids.map((id) => resolveMessageId(() => ({ scope: id, id }), delivery({})))
    for (const one of found) {
      expect(one?.id).toMatch(/^sha256:[0-9a-f]{64}$/)
      expect(one?.scope).toBe(one?.id)
    }
    expect(found[0]?.id).not.toBe(found[1]?.id)
  })
})
