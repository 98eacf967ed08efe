import { getEventListeners, once } from 'node:events'
import { describe, expect, it, vi } from 'vitest'
import { z } from 'zod'
import { PigeonholeError } from '../errors/pigeonhole-error.js'
import { topic } from '../message/topic.js'
import type { Outbox } from '../outbox/outbox.js'
import { type Handler, on } from './binding.js'
import type { Delivery } from './delivery.js'
import { createInbox } from './inbox.js'
import type { InboxEvents } from './inbox-events.js'
import type { InboxOptions } from './inbox-options.js'
import { JournalingInboxStore, type JournalingTx } from './journaling-inbox-store.fake.js'

const orders = topic<{ readonly total: number }>('orders')

function delivery(over: Partial<Delivery> = {}): Delivery {
  const headers = [['message-id', Buffer.from('m1')]] as const
  return {
    topic: 'orders',
    partition: 0,
    offset: 5n,
    key: Buffer.from('k'),
    value: Buffer.from('{"total":1}'),
    headers,
    ...over,
  }
}

function without(...names: readonly (keyof Delivery)[]): Delivery {
  const kept = Object.entries(delivery()).filter(([name]) => !names.includes(name as keyof Delivery))
  return { headers: [], ...Object.fromEntries(kept) } as unknown as Delivery
}

function openInbox(options: Partial<InboxOptions<JournalingTx>> = {}) {
  const store = new JournalingInboxStore()
  const inbox = createInbox<JournalingTx>({ store, name: 'billing', ...options })
  const events: { readonly name: string; readonly data: unknown }[] = []
  const names: (keyof InboxEvents)[] = [
    'message:handled',
    'message:deduplicated',
    'message:retried',
    'message:failed',
  ]
  for (const name of names) inbox.on(name, (data) => events.push({ name, data }))
  const handled: unknown[] = []
  // Whoever takes the signal has it made.
  const handler: Handler<JournalingTx, unknown> = ({ message, signal: _ }) => {
    store.journal.push('handler')
    handled.push(message)
  }
  return { store, inbox, events, handled, handler, binding: on(orders, handler) }
}

const conflict = (): PigeonholeError =>
  new PigeonholeError('STORE_CONFLICT', { message: 'deadlock', details: {}, retryable: true })

describe('handling a message', () => {
  it('takes position and id down, then comes the handler, then the check, and it commits', async () => {
    const { inbox, store, binding } = openInbox()
    expect(await inbox.handle(delivery(), binding)).toEqual({ status: 'handled' })
    expect(store.journal).toEqual(['begin', 'receive position id', 'handler', 'usable?', 'commit'])
    expect([...store.committed]).toEqual([
      ['position billing orders 0', 6n],
      ['id billing orders m1', 1n],
    ])
  })

  it('gives the handler the message as it was delivered', async () => {
    const { inbox, handled, binding } = openInbox()
    const timestamp = new Date(0)
    await inbox.handle(delivery({ timestamp }), binding)
    expect(handled).toEqual([
      {
        topic: 'orders',
        id: 'm1',
        key: Buffer.from('k'),
        value: { total: 1 },
        partition: 0,
        offset: 5n,
        timestamp,
        headers: [['message-id', Buffer.from('m1')]],
      },
    ])
  })

  it('tells of the commit, and whether the message had an id', async () => {
    const { inbox, events, binding } = openInbox()
    await inbox.handle(delivery(), binding)
    await inbox.handle(delivery({ headers: [], offset: 6n }), binding)
    const place = { inbox: 'billing', topic: 'orders', partition: 0, durationMs: expect.any(Number) }
    expect(events).toEqual([
      { name: 'message:handled', data: { ...place, offset: 5n, idMissing: false } },
      { name: 'message:handled', data: { ...place, offset: 6n, idMissing: true } },
    ])
  })

  it('bounds the transaction by its timeout', async () => {
    const { inbox, store, binding } = openInbox({ timeoutMs: 1234 })
    await inbox.handle(delivery(), binding)
    expect(store.bounds).toEqual({ timeoutMs: 1234 })
  })

  it.each([
    ['when the time is up', { timeoutMs: 1 }, undefined, expect.objectContaining({ name: 'TimeoutError' })],
    ["with the caller's", {}, AbortSignal.abort('the partition is lost'), 'the partition is lost'],
  ])("aborts the handler's signal %s", async (_when, options, signal, reason) => {
    const { inbox } = openInbox(options)
    const reasons: unknown[] = []
    const waiting = on<JournalingTx, unknown>(orders, async ({ signal: aborted }) => {
      if (!aborted.aborted) await once(aborted, 'abort')
      reasons.push(aborted.reason)
    })
    await inbox.handle(delivery(), waiting, signal && { signal })
    expect(reasons).toEqual([reason])
  })

  // Node 20 may collect an AbortSignal.timeout that only AbortSignal.any refers to, and it never aborts: seen once the inbox's
  // code was optimised, behind some ten thousand messages.
  it('relies on no timeout that may be collected', async () => {
    const timeout = vi.spyOn(AbortSignal, 'timeout')
    const { inbox, binding } = openInbox()
    await inbox.handle(delivery(), binding, { signal: new AbortController().signal })
    expect(timeout).not.toHaveBeenCalled()
  })

  it('makes no signal for a handler that does not ask for one', async () => {
    const any = vi.spyOn(AbortSignal, 'any')
    const { inbox } = openInbox()
    const { signal } = new AbortController()
    await inbox.handle(
      delivery(),
      on<JournalingTx, unknown>(orders, async ({ tx: _ }) => undefined),
      { signal },
    )
    expect(any).not.toHaveBeenCalled()
  })

  // Node keeps a record of every signal of AbortSignal.any for as long as its sources live.
  it("leaves nothing behind on the caller's signal, which may live as long as the process", async () => {
    const any = vi.spyOn(AbortSignal, 'any')
    const { inbox, binding } = openInbox()
    const { signal } = new AbortController()
    await inbox.handle(delivery(), binding, { signal })
    expect(any.mock.calls.flatMap(([sources]) => [...sources])).not.toContain(signal)
    expect(getEventListeners(signal, 'abort')).toEqual([])
  })
})

describe('a repeat', () => {
  it('of a position is dropped before its id is looked at', async () => {
    const { inbox, store, events, binding } = openInbox()
    await inbox.handle(delivery(), binding)
    store.journal.length = 0
    expect(await inbox.handle(delivery(), binding)).toEqual({ status: 'duplicate', by: 'position' })
    expect(store.journal).toEqual(['begin', 'receive position id', 'commit'])
    expect(events.at(-1)).toEqual({
      name: 'message:deduplicated',
      data: { inbox: 'billing', topic: 'orders', partition: 0, offset: 5n, by: 'position' },
    })
  })

  it('of an id at another position is dropped, and moves the position', async () => {
    const { inbox, store, handled, binding } = openInbox()
    await inbox.handle(delivery(), binding)
    expect(await inbox.handle(delivery({ offset: 9n }), binding)).toEqual({ status: 'duplicate', by: 'id' })
    expect(handled).toHaveLength(1)
    expect(store.committed.get('position billing orders 0')).toBe(10n)
  })

  it('is none where the id has another scope', async () => {
    const { inbox, handled, binding } = openInbox({
      messageId: ({ partition }) => ({ scope: `p${partition}`, id: 'same' }),
    })
    await inbox.handle(delivery(), binding)
    await inbox.handle(delivery({ partition: 1 }), binding)
    expect(handled).toHaveLength(2)
  })
})

describe('the dedupe mode', () => {
  it.each([
    ['both', ['receive position id'], true],
    ['position', ['receive position'], true],
    ['id', ['receive id'], false],
    ['none', ['receive'], false],
  ] as const)('%s looks at %j', async (dedupe, looks, keepsPositions) => {
    const { inbox, store, binding } = openInbox({ dedupe })
    await inbox.handle(delivery(), binding)
    expect(store.journal).toEqual(['begin', ...looks, 'handler', 'usable?', 'commit'])
    expect(inbox.keepsPositions).toBe(keepsPositions)
  })

  it.each([
    ['both', without('partition', 'offset', 'headers'), 'MESSAGE_ID_MISSING'],
    ['id', without('headers'), 'MESSAGE_ID_MISSING'],
    ['position', without('partition'), 'POSITION_MISSING'],
    ['position', without('offset'), 'POSITION_MISSING'],
  ] as const)('%s refuses a delivery that lacks what it needs: %#', async (dedupe, incomplete, code) => {
    const { inbox, store, events, binding } = openInbox({ dedupe })
    await expect(inbox.handle(incomplete, binding)).rejects.toMatchObject({
      code,
      details: { topic: 'orders' },
    })
    expect(store.journal).toEqual([])
    expect(events.map(({ name }) => name)).toEqual(['message:failed'])
  })

  it.each([
    ['both', without('partition', 'offset')],
    ['both', without('headers')],
    ['none', without('partition', 'offset', 'headers')],
  ] as const)('%s handles a delivery that has enough: %#', async (dedupe, partial) => {
    const { inbox, binding } = openInbox({ dedupe })
    const id = [['message-id', Buffer.from('m1')]] as const
    const complete =
      partial.partition === undefined && dedupe === 'both' ? { ...partial, headers: id } : partial
    expect(await inbox.handle(complete, binding)).toEqual({ status: 'handled' })
  })
})

describe('a handler that fails', () => {
  it('leaves nothing behind, and its error passes as it is', async () => {
    const { inbox, store, events } = openInbox()
    const error = new TypeError('no such field')
    const failing = on<JournalingTx, unknown>(orders, () => {
      throw error
    })
    await expect(inbox.handle(delivery(), failing)).rejects.toBe(error)
    expect(store.journal).toEqual(['begin', 'receive position id', 'rollback'])
    expect(store.committed.size).toBe(0)
    expect(events).toEqual([{ name: 'message:failed', data: expect.objectContaining({ offset: 5n, error }) }])
  })

  it('is handled once, later', async () => {
    const { inbox, binding } = openInbox()
    const failing = on<JournalingTx, unknown>(orders, () => Promise.reject(new Error('not now')))
    await inbox.handle(delivery(), failing).catch(() => undefined)
    expect(await inbox.handle(delivery(), binding)).toEqual({ status: 'handled' })
  })

  it('may not swallow an error that has ended its transaction', async () => {
    const { inbox, store } = openInbox()
    const swallowing = on<JournalingTx, unknown>(orders, ({ tx }) => {
      tx.usable = false
    })
    await expect(inbox.handle(delivery(), swallowing)).rejects.toMatchObject({
      code: 'HANDLER_SWALLOWED_ERROR',
      details: { topic: 'orders' },
    })
    expect(store.journal.at(-1)).toBe('rollback')
  })
})

describe('a conflict of two transactions', () => {
  it('is tried again at once, and told of', async () => {
    const { inbox, store, events, handled, binding } = openInbox()
    const error = conflict()
    store.commitErrors.push(error)
    expect(await inbox.handle(delivery(), binding)).toEqual({ status: 'handled' })
    expect(handled).toHaveLength(2)
    expect(events.map(({ name }) => name)).toEqual(['message:retried', 'message:handled'])
    expect(events[0]?.data).toMatchObject({ attempt: 1, error, offset: 5n })
  })

  it('is not tried for ever', async () => {
    const { inbox, store, events, binding } = openInbox({ conflictRetries: 2 })
    store.commitErrors.push(conflict(), conflict(), conflict(), conflict())
    await expect(inbox.handle(delivery(), binding)).rejects.toMatchObject({ code: 'STORE_CONFLICT' })
    expect(store.journal.filter((call) => call === 'begin')).toHaveLength(3)
    expect(events.map(({ name }) => name)).toEqual(['message:retried', 'message:retried', 'message:failed'])
  })

  it('is not tried again when the partition is lost', async () => {
    const { inbox, store, binding } = openInbox()
    store.commitErrors.push(conflict())
    const { signal } = new AbortController()
    const lost = AbortSignal.abort(new Error('the partition is lost'))
    await expect(inbox.handle(delivery(), binding, { signal: lost })).rejects.toMatchObject({
      code: 'STORE_CONFLICT',
    })
    store.commitErrors.push(conflict())
    expect(await inbox.handle(delivery(), binding, { signal })).toEqual({ status: 'handled' })
    expect(store.journal.filter((call) => call === 'begin')).toHaveLength(3)
  })

  it('is not tried again when the partition is lost while it waits', async () => {
    const { inbox, store, binding } = openInbox()
    const losing = new AbortController()
    inbox.on('message:retried', () => losing.abort(new Error('the partition is lost')))
    store.commitErrors.push(conflict())
    await expect(inbox.handle(delivery(), binding, { signal: losing.signal })).rejects.toThrow('is lost')
    expect(store.journal.filter((call) => call === 'begin')).toHaveLength(1)
  })

  it('is the only error that is tried again', async () => {
    const { inbox, store, binding } = openInbox()
    store.commitErrors.push(
      new PigeonholeError('STORE_UNAVAILABLE', { message: 'gone', details: {}, retryable: true }),
    )
    await expect(inbox.handle(delivery(), binding)).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' })
    expect(store.journal.filter((call) => call === 'begin')).toHaveLength(1)
  })
})

describe('publishing in a handler', () => {
  it('goes into the same transaction', async () => {
    const published: unknown[] = []
    const publish = async (...call: unknown[]): Promise<string> => {
      published.push(call)
      return 'id'
    }
    const { inbox } = openInbox({ outbox: { publish } as unknown as Outbox<JournalingTx> })
    let handlerTx: JournalingTx | undefined
    const publishing = on<JournalingTx, unknown>(orders, async ({ publish, tx }) => {
      handlerTx = tx
      expect(await publish(orders, { total: 2 }, { key: 'k' })).toBe('id')
    })
    await inbox.handle(delivery(), publishing)
    expect(published).toEqual([[handlerTx, orders, { total: 2 }, { key: 'k' }]])
  })

  it('needs an outbox', async () => {
    const { inbox, store } = openInbox()
    const publishing = on<JournalingTx, unknown>(
      orders,
      async ({ publish }) => void (await publish(orders, { total: 2 })),
    )
    await expect(inbox.handle(delivery(), publishing)).rejects.toMatchObject({
      code: 'OUTBOX_MISSING',
      details: { inbox: 'billing' },
    })
    expect(store.journal.at(-1)).toBe('rollback')
  })
})

describe('a value', () => {
  it('is handled as its schema returns it', async () => {
    const { inbox, handler, handled } = openInbox()
    const schema = z.object({ total: z.number().transform((cents) => cents / 100) })
    await inbox.handle(delivery(), on(topic('orders', { schema }), handler))
    expect(handled).toEqual([expect.objectContaining({ value: { total: 0.01 } })])
  })

  it('that is refused by its schema is parked, and not handled', async () => {
    const { inbox, store, handler, handled } = openInbox()
    const strict = topic('orders', { schema: z.object({ total: z.string() }) })
    expect(await inbox.handle(delivery(), on(strict, handler))).toEqual({
      status: 'parked',
      because: 'failed',
    })
    expect(store.journal).toEqual([
      'begin',
      'receive position id',
      'rollback',
      'begin',
      'receive position',
      'park 5 VALUE_INVALID 1 60000',
      'commit',
    ])
    expect(handled).toEqual([])
  })

  it('that cannot be decoded is not handled, and is not quoted', async () => {
    const { inbox, binding, store } = openInbox()
    const error: Error = await inbox
      .handle(delivery({ value: Buffer.from('secret') }), binding)
      .catch((e) => e)
    expect(error).toMatchObject({
      code: 'VALUE_UNDECODABLE',
      details: { topic: 'orders' },
      cause: expect.any(SyntaxError),
    })
    expect(error.message).not.toContain('secret')
    expect(store.committed.size).toBe(0)
  })

  it('is null for a tombstone, which no codec is asked about', async () => {
    const { inbox, handled, binding } = openInbox()
    await inbox.handle(delivery({ value: null }), binding)
    expect(handled).toEqual([expect.objectContaining({ value: null })])
  })
})

describe('an inbox', () => {
  it('knows where it goes on', async () => {
    const { inbox, binding } = openInbox()
    await inbox.handle(delivery(), binding)
    const partitions = [
      { topic: 'orders', partition: 0 },
      { topic: 'orders', partition: 1 },
    ]
    expect(await inbox.readPositions(partitions)).toEqual([{ topic: 'orders', partition: 0, nextOffset: 6n }])
  })

  it('asks its store about the tables', async () => {
    const { inbox, store } = openInbox()
    await inbox.checkSchema()
    expect(store.journal).toEqual(['schema?'])
  })
})
