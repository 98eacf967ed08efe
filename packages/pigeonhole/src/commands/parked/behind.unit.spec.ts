import { describe, expect, it } from 'vitest'
import { sayBehind, waitingOf } from './behind.js'

const key = { topic: 'orders', key: Buffer.from('order-7'), messages: 12, retryAt: null }
const retryAt = '2026-01-01T00:00:00.000Z'
const billing = { discarded: 1, inbox: 'billing' }
const outbox = { discarded: 1, inbox: null }

describe('what is behind what was discarded', () => {
  it.each([
    [key, billing, '12 messages wait: pigeonhole parked retry --inbox billing --topic orders --key order-7'],
    [key, outbox, '12 messages wait: pigeonhole parked retry --topic orders --key order-7'],
    [
      { ...key, messages: 1 },
      outbox,
      '1 message waits: pigeonhole parked retry --topic orders --key order-7',
    ],
    [
      { ...key, key: Buffer.of(0xff) },
      outbox,
      '12 messages wait: pigeonhole parked retry --topic orders --key-hex ff',
    ],
    [
      { ...key, key: Buffer.of() },
      outbox,
      "12 messages wait: pigeonhole parked retry --topic orders --key-hex ''",
    ],
    [
      { ...key, key: Buffer.from('a b') },
      outbox,
      "12 messages wait: pigeonhole parked retry --topic orders --key 'a b'",
    ],
    [{ ...key, retryAt }, outbox, '12 messages are sent by themselves: the relay does it next.'],
    [{ ...key, messages: 1, retryAt }, outbox, '1 message is sent by itself: the relay does it next.'],
    [
      { ...key, retryAt },
      billing,
      `12 messages are handled by themselves, from ${retryAt} on. At once: pigeonhole parked retry --inbox billing --topic orders --key order-7`,
    ],
  ])('%j of %j', (waiting, of, said) => {
    expect(sayBehind([waiting], of)).toBe(`Behind it, ${said}\n`)
  })

  it('is told of each key', () => {
    expect(sayBehind([key, { ...key, key: Buffer.from('a') }], { discarded: 2, inbox: null })).toBe(
      'Behind them, 12 messages wait: pigeonhole parked retry --topic orders --key order-7\n' +
        'Behind them, 12 messages wait: pigeonhole parked retry --topic orders --key a\n',
    )
    expect(waitingOf([key, key])).toBe(24)
  })

  it('is not told of where there is nothing', () => {
    expect(sayBehind([], billing)).toBe('')
    expect(waitingOf([])).toBe(0)
  })
})
