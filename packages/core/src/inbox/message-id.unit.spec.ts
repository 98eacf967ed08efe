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
