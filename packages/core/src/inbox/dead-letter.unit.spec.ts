import { describe, expect, it } from 'vitest'
import { createOutbox } from '../outbox/outbox.js'
import type { ParkableMessage } from '../ports/inbox-parking.js'
import type { OutboxRow, OutboxStore } from '../ports/outbox-store.js'
import { publishDeadLetter } from './dead-letter.js'
import { resolveInboxOptions } from './inbox-options.js'

class Rows implements OutboxStore<string> {
  readonly rows: OutboxRow[] = []
  async insertMessages(_tx: string, rows: readonly OutboxRow[]): Promise<void> {
    this.rows.push(...rows)
  }
  async lockKeys(): Promise<void> {}
}

const failure = { code: 'NO_CUSTOMER', error: 'no such customer', attempts: 5 }
const message: ParkableMessage = {
  topic: 'orders',
  partition: 3,
  offset: 2n ** 60n,
  key: Buffer.of(0xff),
  id: { scope: 'orders', id: 'm1' },
  headers: [
    ['message-id', 'm1'],
    ['Traceparent', '00-a'],
    ['tracestate', 'a=1'],
    ['', 'nameless'],
    ['own', { base64: '/w==' }],
    ['own', 'twice'],
  ],
  payload: Buffer.from('value'),
  createdAt: new Date(1),
}

async function publish(what: Partial<ParkableMessage> = {}, maxMessageBytes = 1_000): Promise<OutboxRow> {
  const store = new Rows()
  const deadLetters = { outbox: createOutbox({ store, maxMessageBytes }), topic: 'orders.dead' }
  await publishDeadLetter({ deadLetters, name: 'billing' }, 'tx', {
    message: { ...message, ...what },
    failure,
  })
  expect(store.rows).toHaveLength(1)
  return store.rows[0] as OutboxRow
}

const about = [
  ['dead-letter-inbox', 'billing'],
  ['dead-letter-topic', 'orders'],
  ['dead-letter-partition', '3'],
  ['dead-letter-offset', String(2n ** 60n)],
  ['dead-letter-message-id', 'm1'],
  ['dead-letter-attempts', '5'],
  ['dead-letter-error-code', 'NO_CUSTOMER'],
  ['dead-letter-error', 'no such customer'],
]

describe('a dead letter', () => {
  it('is the message byte for byte, with whence and why before its own headers', async () => {
    const row = await publish()
    expect(row).toMatchObject({ topic: 'orders.dead', partition: null })
    expect([row.key, row.payload].map((bytes) => Buffer.from(bytes ?? []).toString('latin1'))).toEqual([
      '\u00ff',
      'value',
    ])
    expect(row.headers).toEqual([
      ...about,
      ['original-message-id', 'm1'],
      ['original-Traceparent', '00-a'],
      ['original-tracestate', 'a=1'],
      ['original-', 'nameless'],
      ['own', { base64: '/w==' }],
      ['own', 'twice'],
    ])
  })

  it.each([
    ['its key', { key: Buffer.alloc(2_000) }, 2_000],
    ['its id', { id: { scope: 'orders', id: 'i'.repeat(2_000) } }, 1],
  ])('that has no room for %s is told of without that, too', async (_, what, keyBytes) => {
    const row = await publish(what)
    expect(row).toMatchObject({ key: null, payload: Buffer.alloc(0) })
    expect(row.headers.slice(-2)).toEqual([
      ['dead-letter-left-out-bytes', '5'],
      ['dead-letter-left-out-key-bytes', String(keyBytes)],
    ])
    expect(row.headers.map(([name]) => name)).not.toContain('dead-letter-error')
  })

  it('of a tombstone from a queue has what there is', async () => {
    const nothing = { partition: null, offset: null, key: null, id: null, headers: [], payload: null }
    const row = await publish(nothing)
    expect(row).toMatchObject({ key: null, payload: null })
    expect(row.headers.map(([name]) => name)).toEqual([
      'dead-letter-inbox',
      'dead-letter-topic',
      'dead-letter-attempts',
      'dead-letter-error-code',
      'dead-letter-error',
    ])
  })

  it('that has no room is told of without its bytes, and is no tombstone', async () => {
    const row = await publish({ payload: Buffer.alloc(900) })
    expect(row.payload).toHaveLength(0)
    expect(row.headers).toEqual([...about, ['dead-letter-left-out-bytes', '900']])
  })

  it('is none where nobody asks for them', async () => {
    await publishDeadLetter({ deadLetters: undefined, name: 'billing' }, 'tx', { message, failure })
  })
})

describe('the option deadLetters', () => {
  const options = { store: {} as never, name: 'billing' }

  it('needs an outbox, and a topic', () => {
    expect(() => resolveInboxOptions({ ...options, deadLetters: 'dead' })).toThrow(
      expect.objectContaining({ code: 'OPTION_INVALID', details: { option: 'deadLetters' } }),
    )
    const outbox = createOutbox({ store: new Rows() }) as never
    expect(() => resolveInboxOptions({ ...options, outbox, deadLetters: 'no topic' })).toThrow(
      expect.objectContaining({ code: 'TOPIC_NAME_INVALID' }),
    )
    expect(resolveInboxOptions({ ...options, outbox, deadLetters: 'dead' }).deadLetters).toEqual({
      outbox,
      topic: 'dead',
    })
  })
})
