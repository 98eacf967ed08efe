import { setTimeout } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { z } from 'zod'
import { PigeonholeError } from '../errors/pigeonhole-error.js'
import { topic } from '../message/topic.js'
import { mostStarts } from '../ports/inbox-parking.js'
import { type Handler, on, onBatch } from './binding.js'
import type { Delivery } from './delivery.js'
import { createInbox } from './inbox.js'
import type { InboxEvents } from './inbox-events.js'
import type { InboxOptions } from './inbox-options.js'
import { JournalingInboxStore, type JournalingTx } from './journaling-inbox-store.fake.js'
import { failureOf, isMessageFault } from './message-fault.js'
import { park } from './park.js'
import { deliveryOf, parkableOf } from './parkable-message.js'

const orders = topic<number>('orders')

function delivery(offset = 5, over: Partial<Delivery> = {}): Delivery {
  return {
    topic: 'orders',
    partition: 0,
    offset: BigInt(offset),
    key: Buffer.from('k'),
    value: Buffer.from(String(offset)),
    headers: [['message-id', Buffer.from(`m${offset}`)]],
    ...over,
  }
}

function openInbox(options: Partial<InboxOptions<JournalingTx>> = {}) {
  const store = new JournalingInboxStore()
  const inbox = createInbox<JournalingTx>({ store, name: 'billing', ...options })
  const events: string[] = []
  const names: (keyof InboxEvents)[] = [
    'message:handled',
    'message:deduplicated',
    'message:failed',
    'message:parked',
    'message:unparked',
    'key:unblocked',
  ]
  for (const name of names)
    inbox.on(name, (data) => events.push(`${name} ${'offset' in data ? data.offset : data.topic}`))
  return { store, inbox, events }
}

const failing: Handler<JournalingTx, number> = () => Promise.reject(new Error('no such customer'))

describe('a message that its handler parks', () => {
  it('is parked at once, in a transaction of its own that moves the position, until an operator decides', async () => {
    const { inbox, store, events } = openInbox()
    const parking = on<JournalingTx, number>(orders, () => Promise.reject(park('no such customer')))
    expect(await inbox.handle(delivery(), parking)).toEqual({ status: 'parked', because: 'failed' })
    expect(store.journal).toEqual([
      'begin',
      'receive position id',
      'rollback',
      'begin',
      'receive position',
      'park 5 PARK_REQUESTED 1 null',
      'commit',
    ])
    // Its id is remembered when it is handled.
    expect([...store.committed.keys()]).toEqual(['position billing orders 0'])
    expect(events).toEqual(['message:failed 5', 'message:parked 5'])
  })

  it('is not parked when its partition is lost meanwhile', async () => {
    const { inbox, store } = openInbox()
    const losing = new AbortController()
    const parking = on<JournalingTx, number>(orders, () => {
      losing.abort(new Error('lost'))
      throw park('no such customer')
    })
    await expect(inbox.handle(delivery(), parking, { signal: losing.signal })).rejects.toMatchObject({
      code: 'PARK_REQUESTED',
    })
    expect(store.journal.at(-1)).toBe('rollback')
  })

  it('is parked out of a group, behind those before it', async () => {
    const { inbox, store } = openInbox()
    const parking = on<JournalingTx, number>(
      orders,
      ({ message }) => {
        if (message.value === 6) throw park('no such customer')
      },
      { group: 10 },
    )
    const group = [5, 6, 7].map((offset) => delivery(offset, { key: null }))
    expect(await inbox.handleGroup(group, parking)).toEqual([{ status: 'handled' }])
    expect(await inbox.handleGroup(group.slice(1), parking)).toEqual([
      { status: 'parked', because: 'failed' },
    ])
    expect(store.journal).toContain('park 6 PARK_REQUESTED 1 null')
  })

  it('is found in a batch by handling each by itself', async () => {
    const { inbox, store } = openInbox()
    const sizes: number[] = []
    const parking = onBatch<JournalingTx, number>(orders, ({ messages }) => {
      sizes.push(messages.length)
      if (messages.some(({ value }) => value === 6)) throw park('no such customer')
    })
    const batch = [5, 6, 7].map((offset) => delivery(offset, { key: null }))
    expect(await inbox.handleGroup(batch, parking)).toEqual([
      { status: 'handled' },
      { status: 'parked', because: 'failed' },
      { status: 'handled' },
    ])
    expect(sizes).toEqual([3, 1, 1, 1])
    expect(store.journal.filter((call) => call.startsWith('park'))).toEqual(['park 6 PARK_REQUESTED 1 null'])
  })
})

describe('a message that its schema refuses', () => {
  const strict = topic('orders', { schema: z.number().max(5) })

  it('in a batch is parked by itself, and those before it are a batch', async () => {
    const { inbox, store } = openInbox()
    const batches: number[][] = []
    const binding = onBatch<JournalingTx, number>(strict, ({ messages }) => {
      batches.push(messages.map(({ value }) => value))
    })
    const batch = [4, 5, 6].map((offset) => delivery(offset))
    expect(await inbox.handleGroup(batch, binding)).toHaveLength(2)
    expect(await inbox.handleGroup(batch.slice(2), binding)).toEqual([
      { status: 'parked', because: 'failed' },
    ])
    expect(batches).toEqual([[4, 5]])
    expect(store.journal).toContain('park 6 VALUE_INVALID 1 60000')
  })

  it('is not taken for one that publishes what another topic refuses', async () => {
    const { inbox, store } = openInbox()
    const refused = new PigeonholeError('VALUE_INVALID', {
      message: 'refused',
      details: { topic: 'orders', path: '' },
    })
    const publishing = on<JournalingTx, number>(orders, () => Promise.reject(refused))
    await expect(inbox.handle(delivery(), publishing)).rejects.toBe(refused)
    expect(store.journal.at(-1)).toBe('rollback')
  })
})

describe('a message behind one of its key', () => {
  it('is parked with those before and after it, and the others are handled in the same transaction', async () => {
    const { inbox, store, events } = openInbox()
    store.blocked.set('k', { parked: 1 })
    const values: number[] = []
    const binding = on<JournalingTx, number>(orders, ({ message }) => void values.push(message.value), {
      group: 10,
    })
    const group = [delivery(5), delivery(6, { key: Buffer.from('other') }), delivery(7)]
    expect(await inbox.handleGroup(group, binding)).toEqual([
      { status: 'parked', because: 'key' },
      { status: 'handled' },
      { status: 'parked', because: 'key' },
    ])
    expect(values).toEqual([6])
    expect(store.journal).toEqual(['begin', 'receive position id', 'park behind 5 7', 'usable?', 'commit'])
    expect(events).toEqual(['message:parked 5', 'message:handled 6', 'message:parked 7'])
  })

  it('needs no handler where there is nothing else', async () => {
    const { inbox, store } = openInbox()
    store.blocked.set('k', { parked: 1 })
    expect(await inbox.handle(delivery(), on(orders, failing))).toEqual({ status: 'parked', because: 'key' })
    expect(store.journal).toEqual(['begin', 'receive position id', 'park behind 5', 'commit'])
  })

  it('waits in its partition when there is no room, behind those that can be done', async () => {
    const { inbox, store } = openInbox({ maxParkedPerKey: 3 })
    store.blocked.set('k', { parked: 2 })
    const binding = on<JournalingTx, number>(orders, () => undefined, { group: 10 })
    const group = [delivery(5), delivery(6, { key: null }), delivery(7)]
    expect(await inbox.handleGroup(group, binding)).toHaveLength(2)
    store.blocked.set('k', { parked: 3 })
    const waiting = inbox.handleGroup(group.slice(2), binding)
    await expect(waiting).rejects.toMatchObject({
      code: 'PARKED_KEY_FULL',
      details: { topic: 'orders', parked: 3 },
    })
    store.blocked.set('k', { parked: 2 })
    expect(await inbox.handleGroup(group.slice(2), binding)).toEqual([{ status: 'parked', because: 'key' }])
  })
})

describe('a message that is given up', () => {
  it('is parked with its attempts, unless another owner of the partition has passed it', async () => {
    const { inbox, store, events } = openInbox()
    const why = { error: new TypeError('not a function'), attempts: 5 }
    expect(await inbox.park(delivery(), why)).toEqual({ status: 'parked', because: 'failed' })
    expect(await inbox.park(delivery(), why)).toEqual({ status: 'duplicate', by: 'position' })
    expect(store.journal.filter((call) => call.startsWith('park'))).toEqual(['park 5 TypeError 5 60000'])
    expect(events).toEqual(['message:parked 5'])
  })

  it('is parked also where it has no id that its inbox asks for', async () => {
    const { inbox, store } = openInbox({ dedupe: 'id' })
    await inbox.park(delivery(5, { headers: [] }), { error: new Error('no id'), attempts: 1 })
    expect(store.journal).toEqual(['begin', 'park 5 Error 1 60000', 'commit'])
  })
})

describe('a parked message that is due', () => {
  const due = (offset = 5, isLast = true) => {
    const message = parkableOf(delivery(offset), { scope: 'orders', id: `m${offset}` })
    return { place: '1', message, attempts: 5, starts: 1, isLast }
  }

  it('is handled with its id, removed in the same transaction, and its key unblocked after it', async () => {
    const { inbox, store, events } = openInbox()
    store.due = due()
    const values: number[] = []
    const binding = on<JournalingTx, number>(orders, ({ message }) => void values.push(message.value))
    expect(await inbox.retryParked([binding])).toBe(true)
    expect(values).toEqual([5])
    expect(store.journal).toEqual([
      'claim',
      'begin',
      'read due',
      'receive id',
      'remove due',
      'usable?',
      'commit',
      'unblock',
    ])
    expect(events).toEqual(['message:handled 5', 'message:unparked 5', 'key:unblocked orders'])
  })

  it('leaves its key blocked when there are more behind it', async () => {
    const { inbox, store } = openInbox()
    store.due = due(5, false)
    await inbox.retryParked([on<JournalingTx, number>(orders, () => undefined)])
    expect(store.journal).not.toContain('unblock')
  })

  it.each([
    [
      'is left, due at once, where someone is about to park more of its key',
      true,
      ['unblock', 'leave key'],
      false,
    ],
    ['unblocks its key otherwise', false, ['unblock'], true],
  ])('that is gone when it is read %s', async (_, isAboutToPark, calls, wasAnything) => {
    const { inbox, store } = openInbox()
    store.due = due()
    Object.assign(store, { isGone: true, isAboutToPark })
    expect(await inbox.retryParked([on(orders, failing)])).toBe(wasAnything)
    expect(store.journal).toEqual(['claim', 'begin', 'read due', 'commit', ...calls])
  })

  it('is handled, and its key due, where someone is about to park more of it', async () => {
    const { inbox, store } = openInbox()
    store.due = due()
    store.isAboutToPark = true
    expect(await inbox.retryParked([on<JournalingTx, number>(orders, () => undefined)])).toBe(true)
    expect(store.journal.at(-1)).toBe('unblock')
  })

  it('is dropped when its id has been handled meanwhile', async () => {
    const { inbox, store, events } = openInbox()
    await inbox.handle(
      delivery(9, { headers: [['message-id', Buffer.from('m5')]] }),
      on<JournalingTx, number>(orders, () => undefined),
    )
    store.due = due()
    await inbox.retryParked([on(orders, failing)])
    expect(events.slice(1)).toEqual(['message:deduplicated 5', 'message:unparked 5', 'key:unblocked orders'])
  })

  it.each([
    ['is tried again later', new Error('no such customer'), 'failed Error 6 again'],
    ['waits when it is parked again', park('no such customer'), 'failed PARK_REQUESTED 6 waits'],
  ])('that fails again %s, and keeps its place', async (_, error, noted) => {
    const { inbox, store, events } = openInbox()
    store.due = due()
    expect(await inbox.retryParked([on<JournalingTx, number>(orders, () => Promise.reject(error))])).toBe(
      true,
    )
    expect(store.journal.slice(-5)).toEqual(['rollback', 'begin', 'read due', noted, 'commit'])
    expect(events).toEqual(['message:failed 5'])
  })

  it.each([
    [
      'waits for an operator, unhandled, and is told of',
      mostStarts + 1,
      ['failed MESSAGE_KILLS_PROCESS 5 waits'],
      ['message:failed 5'],
    ],
    ['is left to who has it tried, or has failed at it, meanwhile', mostStarts, [], []],
  ])('that has killed its processes %s', async (_, starts, noted, told) => {
    const { inbox, store, events } = openInbox()
    Object.assign(store, { due: { ...due(), starts }, isKiller: true })
    expect(await inbox.retryParked([on(orders, failing)])).toBe(true)
    expect(store.journal).toEqual(['claim', 'begin', 'read due', ...noted, 'commit'])
    expect(events).toEqual(told)
  })

  it('that has killed its processes is told of once that is committed, and not before', async () => {
    const { inbox, store, events } = openInbox()
    Object.assign(store, { due: { ...due(), starts: mostStarts + 1 }, isKiller: true })
    const errors: unknown[] = []
    inbox.on('message:failed', ({ error }) => errors.push(error))
    const outage = new PigeonholeError('STORE_UNAVAILABLE', { message: 'gone', details: {} })
    store.commitErrors.push(outage)
    await expect(inbox.retryParked([on(orders, failing)])).rejects.toBe(outage)
    expect(events).toEqual([])
    store.commitErrors.push(new PigeonholeError('STORE_CONFLICT', { message: 'deadlock', details: {} }))
    expect(await inbox.retryParked([on(orders, failing)])).toBe(true)
    expect(events).toEqual(['message:failed 5'])
    const details = { topic: 'orders', partition: 0, offset: '5', starts: mostStarts }
    expect(errors).toEqual([expect.objectContaining({ code: 'MESSAGE_KILLS_PROCESS', details })])
  })

  it('does not lose an attempt to an outage', async () => {
    const { inbox, store } = openInbox()
    store.due = due()
    const outage = new PigeonholeError('STORE_UNAVAILABLE', { message: 'gone', details: {} })
    const binding = on<JournalingTx, number>(orders, () => Promise.reject(outage))
    await expect(inbox.retryParked([binding])).rejects.toBe(outage)
    expect(store.journal.at(-1)).toBe('return claim')
  })

  it('is tried again at once after a conflict', async () => {
    const { inbox, store } = openInbox()
    store.due = due()
    store.commitErrors.push(new PigeonholeError('STORE_CONFLICT', { message: 'deadlock', details: {} }))
    expect(await inbox.retryParked([on<JournalingTx, number>(orders, () => undefined)])).toBe(true)
    expect(store.journal.filter((call) => call === 'remove due')).toHaveLength(2)
  })

  it('is none where nothing is due', async () => {
    const { inbox, store } = openInbox()
    expect(await inbox.retryParked([on(orders, failing)])).toBe(false)
    expect(store.journal).toEqual(['claim'])
  })
})

describe('the time of a handler', () => {
  /** What is measured: whatever else has the machine meanwhile takes none of it. */
  let now: number
  beforeEach(() => {
    now = 0
    vi.spyOn(performance, 'now').mockImplementation(() => now)
  })
  afterEach(() => void vi.restoreAllMocks())

  it('that is used up by the handler is its failure', async () => {
    const { inbox } = openInbox({ timeoutMs: 300 })
    const slow = on<JournalingTx, number>(orders, async ({ signal }) => {
      while (!signal.aborted) await setTimeout(1)
      now += 300
      throw new Error('aborted')
    })
    const error = await inbox.handle(delivery(), slow).catch((thrown) => thrown)
    expect(error).toMatchObject({ code: 'HANDLER_TIMED_OUT', details: { topic: 'orders', timeoutMs: 300 } })
    expect(isMessageFault(error)).toBe(true)
  })

  it('that was used up before it began is not', async () => {
    const { inbox, store } = openInbox({ timeoutMs: 400 })
    const receive = store.receiveMessages.bind(store)
    store.receiveMessages = async (...given) => {
      now += 300
      return receive(...given)
    }
    const unlucky = on<JournalingTx, number>(orders, async ({ signal }) => {
      while (!signal.aborted) await setTimeout(1)
      now += 100
      throw new PigeonholeError('STORE_UNAVAILABLE', { message: 'gone', details: {} })
    })
    await expect(inbox.handle(delivery(), unlucky)).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' })
  })
})

describe('what is stored of an error', () => {
  it('is its code or name and its text, cut, and fit for PostgreSQL', () => {
    expect(failureOf(Object.assign(new Error('a\0b\ud800'), { code: 'P2002' }), 3)).toEqual({
      code: 'P2002',
      error: 'a\ufffdb\ufffd',
      attempts: 3,
    })
    expect(failureOf(new TypeError('x'.repeat(5_000)), 1).error).toHaveLength(1_000)
    expect(failureOf(undefined, 1)).toMatchObject({ code: 'Error' })
  })

  it.each([[{ reason: 'gone' }], [undefined], [5], ['']])(
    'is no code and no text where these are %j',
    (given) => {
      const error = Object.assign(new Error(), { code: given, name: given, message: given })
      expect(failureOf(error, 1)).toEqual({ code: 'Error', error: '', attempts: 1 })
    },
  )
})

describe('a parked message', () => {
  it('is delivered again byte for byte', () => {
    const original = delivery(5, {
      key: Buffer.of(0, 255),
      value: null,
      headers: [
        ['a', Buffer.of(255)],
        ['a', Buffer.from('b')],
      ],
      timestamp: new Date(1),
    })
    expect(deliveryOf(parkableOf(original, undefined))).toEqual(original)
  })

  it('has no time where no Date has it', () => {
    const { timestamp, ...original } = delivery(5, { timestamp: new Date(Number.NaN) })
    expect(timestamp).toBeInstanceOf(Date)
    expect(deliveryOf(parkableOf({ ...original, timestamp: timestamp as Date }, undefined))).toEqual(original)
  })
})
