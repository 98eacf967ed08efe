import { describe, expect, it } from 'vitest'
import { PigeonholeError } from '../errors/pigeonhole-error.js'
import { topic } from '../message/topic.js'
import { on, onBatch } from './binding.js'
import type { Delivery } from './delivery.js'
import { createInbox, type Inbox } from './inbox.js'
import type { InboxOptions } from './inbox-options.js'
import { JournalingInboxStore, type JournalingTx } from './journaling-inbox-store.fake.js'

const orders = topic<number>('orders')
const conflict = (): PigeonholeError =>
  new PigeonholeError('STORE_CONFLICT', { message: 'deadlock', details: {}, retryable: true })

/** Messages whose values are their offsets, `id` being that of the message. */
function deliveries(
  first: number,
  last: number,
  id: (offset: number) => string = (n) => `m${n}`,
): Delivery[] {
  return Array.from({ length: last - first + 1 }, (_, i) => ({
    topic: 'orders',
    partition: 0,
    offset: BigInt(first + i),
    key: null,
    value: Buffer.from(String(first + i)),
    headers: [['message-id', Buffer.from(id(first + i))]] as const,
  }))
}

function openInbox(options: Partial<InboxOptions<JournalingTx>> = {}) {
  const store = new JournalingInboxStore()
  const inbox = createInbox<JournalingTx>({ store, name: 'billing', ...options })
  const events: string[] = []
  for (const name of [
    'message:handled',
    'message:deduplicated',
    'message:failed',
    'message:retried',
  ] as const) {
    inbox.on(name, ({ offset }) => events.push(`${name} ${offset}`))
  }
  const writes: Writes = new Writes(store)
  return { store, inbox, events, writes }
}

/** Handlers that write the message's value, and fail as told. */
class Writes {
  readonly failures = new Map<number, unknown>()
  /** Every call of a handler. */
  readonly calls: number[] = []
  readonly #store: JournalingInboxStore

  constructor(store: JournalingInboxStore) {
    this.#store = store
  }

  /** What has been committed. */
  get committed(): number[] {
    const rows = [...this.#store.committed.keys()].filter((row) => row.startsWith('write '))
    return rows.map((row) => Number(row.slice('write '.length))).toSorted((a, b) => a - b)
  }

  write(tx: JournalingTx, value: number): void {
    this.calls.push(value)
    tx.writes.set(`write ${value}`, 1n)
    const failure = this.failures.get(value)
    if (failure !== undefined) throw failure
  }

  each(group: number) {
    return on<JournalingTx, number>(orders, ({ message, tx }) => this.write(tx, message.value), { group })
  }

  batch(size: number) {
    return onBatch<JournalingTx, number>(
      orders,
      ({ messages, tx }) => {
        for (const { value } of messages) this.write(tx, value)
      },
      { size },
    )
  }
}

const positionOf = (store: JournalingInboxStore) => store.committed.get('position billing orders 0')
const transactions = (store: JournalingInboxStore) => store.journal.filter((call) => call === 'begin').length

describe('a group', () => {
  it('is one transaction: position and ids, each handler in order, one check, one commit', async () => {
    const { inbox, store, writes, events } = openInbox()
    const outcomes = await inbox.handleGroup(deliveries(5, 8), writes.each(10))
    expect(outcomes).toEqual(Array.from({ length: 4 }, () => ({ status: 'handled' })))
    expect(store.journal).toEqual(['begin', 'receive position id', 'usable?', 'commit'])
    expect(writes.calls).toEqual([5, 6, 7, 8])
    expect(positionOf(store)).toBe(9n)
    expect(events).toEqual([5, 6, 7, 8].map((offset) => `message:handled ${offset}`))
  })

  it('holds as many as its binding takes', async () => {
    const { inbox, store, writes } = openInbox()
    expect(await inbox.handleGroup(deliveries(0, 8), writes.each(3))).toHaveLength(3)
    expect(positionOf(store)).toBe(3n)
    expect(await inbox.handleGroup([], writes.each(3))).toEqual([])
  })

  it('passes over the repeats in it, in the group itself too', async () => {
    const { inbox, writes, events } = openInbox()
    await inbox.handle(deliveries(1, 1)[0] as Delivery, writes.each(1))
    const again = deliveries(2, 6, (offset) => ({ 3: 'm1', 5: 'm4' })[offset] ?? `m${offset}`)
    expect(await inbox.handleGroup(again, writes.each(10))).toEqual([
      { status: 'handled' },
      { status: 'duplicate', by: 'id' },
      { status: 'handled' },
      { status: 'duplicate', by: 'id' },
      { status: 'handled' },
    ])
    expect(writes.committed).toEqual([1, 2, 4, 6])
    expect(events).toContain('message:deduplicated 5')
  })

  it('of messages of which some have an id works, too', async () => {
    const { inbox, writes } = openInbox()
    const mixed = deliveries(0, 3).map((one, i) => (i % 2 === 0 ? one : { ...one, headers: [] }))
    expect(await inbox.handleGroup(mixed, writes.each(10))).toHaveLength(4)
    expect(writes.committed).toEqual([0, 1, 2, 3])
  })

  it('that has been handled begins anew behind what was', async () => {
    const { inbox, writes } = openInbox()
    const all = deliveries(0, 5)
    await inbox.handleGroup(all.slice(0, 2), writes.each(10))
    let rest: readonly Delivery[] = all
    const outcomes = []
    while (rest.length > 0) {
      const done = await inbox.handleGroup(rest, writes.each(10))
      outcomes.push(...done.map(({ status }) => status))
      rest = rest.slice(done.length)
    }
    expect(outcomes).toEqual(['duplicate', 'duplicate', 'handled', 'handled', 'handled', 'handled'])
    expect(writes.calls).toEqual([0, 1, 2, 3, 4, 5])
  })

  it('is of one partition, in its order', async () => {
    const { inbox, writes, store } = openInbox()
    const [one, two] = deliveries(1, 2) as [Delivery, Delivery]
    for (const group of [
      [two, one],
      [one, { ...two, partition: 1 }],
      [one, { ...two, topic: 'invoices' }],
    ]) {
      await expect(inbox.handleGroup(group, writes.batch(10))).rejects.toMatchObject({
        code: 'OPTION_INVALID',
        details: { option: 'deliveries' },
      })
    }
    expect(store.committed.size).toBe(0)
  })
})

describe('a group in which a message fails', () => {
  it('commits those before it, and the next one fails with it', async () => {
    const { inbox, store, writes, events } = openInbox()
    const error = new Error('not now')
    writes.failures.set(7, error)
    const group = deliveries(5, 9)
    expect(await inbox.handleGroup(group, writes.each(10))).toHaveLength(2)
    expect(writes.committed).toEqual([5, 6])
    expect(positionOf(store)).toBe(7n)
    await expect(inbox.handleGroup(group.slice(2), writes.each(10))).rejects.toBe(error)
    expect(events).toEqual(['message:handled 5', 'message:handled 6', 'message:failed 7'])
    expect(positionOf(store)).toBe(7n)
    writes.failures.clear()
    expect(await inbox.handleGroup(group.slice(2), writes.each(10))).toHaveLength(3)
    expect(writes.committed).toEqual([5, 6, 7, 8, 9])
  })

  it.each([
    ['cannot be decoded', { value: Buffer.from('{') }],
    ['has nothing that tells it from others', { offset: undefined, headers: [] }],
  ])('because it %s does the same', async (_, broken) => {
    const { inbox, writes } = openInbox()
    const group = deliveries(5, 9).map((one, i) => (i === 2 ? ({ ...one, ...broken } as Delivery) : one))
    expect(await inbox.handleGroup(group, writes.each(10))).toHaveLength(2)
    expect(writes.committed).toEqual([5, 6])
    await expect(inbox.handleGroup(group.slice(2), writes.each(10))).rejects.toMatchObject({
      name: 'PigeonholeError',
    })
  })

  it('gives each a transaction of its own where nobody can be blamed', async () => {
    const { inbox, store, writes } = openInbox()
    const swallowing = on<JournalingTx, number>(
      orders,
      ({ message, tx }) => {
        writes.write(tx, message.value)
        if (message.value === 7) tx.usable = false
      },
      { group: 10 },
    )
    const group = deliveries(5, 9)
    expect(await inbox.handleGroup(group, swallowing)).toHaveLength(2)
    expect(transactions(store)).toBe(1 + 3)
    expect(writes.committed).toEqual([5, 6])
    await expect(inbox.handleGroup(group.slice(2), swallowing)).rejects.toMatchObject({
      code: 'HANDLER_SWALLOWED_ERROR',
    })
  })

  it('gives each a transaction of its own after a conflict, which is tried again', async () => {
    const { inbox, store, writes, events } = openInbox()
    store.commitErrors.push(conflict(), undefined, conflict())
    expect(await inbox.handleGroup(deliveries(5, 7), writes.each(10))).toHaveLength(3)
    expect(writes.committed).toEqual([5, 6, 7])
    expect(events).toEqual(
      [5, 6]
        .map((offset) => `message:handled ${offset}`)
        .toSpliced(1, 0, 'message:retried 6')
        .concat('message:handled 7'),
    )
  })

  it('does so too when it is a handler that has lost the conflict', async () => {
    const { inbox, writes, events } = openInbox()
    writes.failures.set(6, conflict())
    inbox.on('message:retried', () => writes.failures.clear())
    expect(await inbox.handleGroup(deliveries(5, 7), writes.each(10))).toHaveLength(3)
    expect(events).toContain('message:retried 6')
    expect(writes.committed).toEqual([5, 6, 7])
  })

  it('is given up as a whole when the partition is lost', async () => {
    const { inbox, store, writes } = openInbox()
    const losing = new AbortController()
    const handler = on<JournalingTx, number>(
      orders,
      ({ message, signal }) => {
        if (message.value === 6) losing.abort(new Error('the partition is lost'))
        signal.throwIfAborted()
      },
      { group: 10 },
    )
    const handling = inbox.handleGroup(deliveries(5, 8), handler, { signal: losing.signal })
    await expect(handling).rejects.toThrow('is lost')
    expect(transactions(store)).toBe(1)
    expect(writes.committed).toEqual([])
  })
})

describe('a batch', () => {
  const handleAll = async (inbox: Inbox<JournalingTx>, all: readonly Delivery[], writes: Writes) => {
    for (let rest = all; rest.length > 0; )
      rest = rest.slice((await inbox.handleGroup(rest, writes.batch(10))).length)
  }

  it('takes effect as a whole', async () => {
    const { inbox, store, writes, events } = openInbox()
    expect(await inbox.handleGroup(deliveries(5, 8), writes.batch(10))).toHaveLength(4)
    expect(store.journal).toEqual(['begin', 'receive position id', 'usable?', 'commit'])
    expect(events).toEqual([5, 6, 7, 8].map((offset) => `message:handled ${offset}`))
  })

  it('takes no effect at all when one of it fails', async () => {
    const { inbox, store, writes, events } = openInbox()
    const error = new Error('not now')
    writes.failures.set(7, error)
    await expect(inbox.handleGroup(deliveries(5, 8), writes.batch(10))).rejects.toBe(error)
    expect(store.committed.size).toBe(0)
    expect(events).toEqual([5, 6, 7, 8].map((offset) => `message:failed ${offset}`))
  })

  it('is tried again as a whole after a conflict', async () => {
    const { inbox, store, writes } = openInbox()
    store.commitErrors.push(conflict())
    expect(await inbox.handleGroup(deliveries(5, 6), writes.batch(10))).toHaveLength(2)
    expect(writes.calls).toEqual([5, 6, 5, 6])
  })

  it('is not told of repeats, and not called when there is nothing else', async () => {
    const { inbox, writes } = openInbox()
    await handleAll(inbox, deliveries(5, 6), writes)
    await handleAll(
      inbox,
      deliveries(7, 8, (offset) => `m${offset - 2}`),
      writes,
    )
    await handleAll(inbox, deliveries(5, 9), writes)
    expect(writes.calls).toEqual([5, 6, 9])
  })

  it('of one message is handled by itself', async () => {
    const { inbox, writes } = openInbox()
    expect(await inbox.handle(deliveries(5, 5)[0] as Delivery, writes.batch(10))).toEqual({
      status: 'handled',
    })
    expect(writes.committed).toEqual([5])
  })
})

describe('the size of a group', () => {
  it.each([0, -1, 1.5, '10' as unknown as number])('may not be %s', (size) => {
    expect(() => on(orders, () => undefined, { group: size })).toThrow(
      expect.objectContaining({ code: 'OPTION_INVALID', details: { option: 'group' } }),
    )
    expect(() => onBatch(orders, () => undefined, { size })).toThrow(
      expect.objectContaining({ code: 'OPTION_INVALID', details: { option: 'size' } }),
    )
  })

  it('is named as it is, with the nearest name', () => {
    expect(() => on(orders, () => undefined, { grup: 5 } as never)).toThrow(
      expect.objectContaining({ details: { option: 'grup', nearest: 'group' } }),
    )
  })
})
