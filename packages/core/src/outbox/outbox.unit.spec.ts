import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { topic } from '../message/topic.js'
import { createOutbox } from './outbox.js'
import { RecordingOutboxStore } from './recording-outbox-store.fake.js'

interface OrderPlaced {
  readonly orderId: string
}
const orders = topic<OrderPlaced>('orders', { key: (event) => event.orderId })

function openOutbox() {
  const store = new RecordingOutboxStore()
  return { store, outbox: createOutbox({ store }) }
}

describe('publish', () => {
  it('inserts one row in the transaction it is given and resolves to its id', async () => {
    const { store, outbox } = openOutbox()
    const id = await outbox.publish('tx', orders, { orderId: '1' }, { headers: { a: 'b' }, partition: 3 })
    expect(store.calls).toEqual([{ call: 'insertMessages', tx: 'tx', keys: ['1'] }])
    expect(store.rows).toEqual([
      expect.objectContaining({
        id,
        topic: 'orders',
        partition: 3,
        headers: [['a', 'b']],
        payload: Buffer.from('{"orderId":"1"}'),
      }),
    ])
  })

  it('prefers the key of the call to that of the topic', async () => {
    const { store, outbox } = openOutbox()
    await outbox.publish('tx', orders, { orderId: '1' }, { key: 'mine' })
    await outbox.publish('tx', orders, { orderId: '1' }, { key: null })
    expect(store.calls.map(({ keys }) => keys)).toEqual([['mine'], ['-']])
  })

  it('takes no lock unless asked', async () => {
    const { store, outbox } = openOutbox()
    await outbox.publish('tx', orders, { orderId: '1' })
    expect(store.calls.map(({ call }) => call)).toEqual(['insertMessages'])
  })

  it('takes the lock of its key before it inserts when the order is asked for', async () => {
    const { store, outbox } = openOutbox()
    await outbox.publish('tx', orders, { orderId: '1' }, { ordered: true })
    expect(store.calls).toEqual([
      { call: 'lockKeys', tx: 'tx', keys: ['1'] },
      { call: 'insertMessages', tx: 'tx', keys: ['1'] },
    ])
  })

  it('tells how many messages it has put into the transaction, after the insert', async () => {
    const { store, outbox } = openOutbox()
    const seen: unknown[] = []
    outbox.on('messages:published', (data) => seen.push({ ...data, rows: store.rows.length }))
    await outbox.publishMany('tx', orders, [{ orderId: '1' }, { orderId: '2' }])
    expect(seen).toEqual([{ count: 2, rows: 2 }])
  })
})

describe('publishMany', () => {
  it('inserts all in one call, in their order, and resolves to their ids in that order', async () => {
    const { store, outbox } = openOutbox()
    const ids = await outbox.publishMany('tx', orders, [{ orderId: 'b' }, { orderId: 'a' }, { orderId: 'b' }])
    expect(store.calls).toEqual([{ call: 'insertMessages', tx: 'tx', keys: ['b', 'a', 'b'] }])
    expect(ids).toEqual(store.rows.map(({ id }) => id))
  })

  it('asks nothing of the store for no values', async () => {
    const { store, outbox } = openOutbox()
    expect(await outbox.publishMany('tx', orders, [])).toEqual([])
    expect(store.calls).toEqual([])
  })

  it('inserts nothing when one of the values is refused', async () => {
    const { store, outbox } = openOutbox()
    const checked = topic('orders', { schema: z.string() })
    const refused = outbox.publishMany('tx', checked, ['good', 1 as unknown as string])
    await expect(refused).rejects.toMatchObject({ code: 'VALUE_INVALID' })
    expect(store.calls).toEqual([])
  })
})

describe('publishRaw', () => {
  it('locks only what has a key', async () => {
    const { store, outbox } = openOutbox()
    const messages = [
      { topic: 'a', key: 'k', value: '1' },
      { topic: 'b', value: '2' },
    ]
    await outbox.publishRaw('tx', messages, { ordered: true })
    expect(store.calls).toEqual([
      { call: 'lockKeys', tx: 'tx', keys: ['k'] },
      { call: 'insertMessages', tx: 'tx', keys: ['k', '-'] },
    ])
  })

  it('holds each message to the limit of its outbox', async () => {
    const outbox = createOutbox({ store: new RecordingOutboxStore(), maxMessageBytes: 3 })
    await expect(outbox.publishRaw('tx', [{ topic: 'a', value: '1234' }])).rejects.toMatchObject({
      code: 'MESSAGE_TOO_LARGE',
    })
  })
})

describe('tombstone', () => {
  it('is a null payload for its key, past any schema', async () => {
    const { store, outbox } = openOutbox()
    const checked = topic('orders', { schema: z.object({ orderId: z.string() }) })
    const id = await outbox.tombstone('tx', checked, '1', { headers: { a: 'b' }, ordered: true })
    expect(store.calls.map(({ call }) => call)).toEqual(['lockKeys', 'insertMessages'])
    expect(store.rows).toEqual([
      expect.objectContaining({ id, key: Buffer.from('1'), payload: null, headers: [['a', 'b']] }),
    ])
  })
})

describe('createOutbox', () => {
  it('refuses an unknown option', () => {
    const options = { store: new RecordingOutboxStore(), max: 1 }
    expect(() => createOutbox(options)).toThrow(expect.objectContaining({ code: 'OPTION_INVALID' }))
  })
})
