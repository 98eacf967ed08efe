import { describe, expect, it } from 'vitest'
import { topic } from '../message/topic.js'
import type { HandlerCall, InboxTracing } from '../ports/tracing.js'
import { type AnyBinding, on, onBatch } from './binding.js'
import type { Delivery } from './delivery.js'
import { createInbox, type Inbox } from './inbox.js'
import { JournalingInboxStore, type JournalingTx } from './journaling-inbox-store.fake.js'
import { parkableOf } from './parkable-message.js'

const orders = topic<number>('orders')

function delivery(offset: number): Delivery {
  return {
    topic: 'orders',
    partition: 0,
    offset: BigInt(offset),
    key: null,
    value: Buffer.from(String(offset)),
    headers: [['message-id', Buffer.from(`m${offset}`)]],
  }
}

/** Writes into the journal of a store what it hears. */
function journaling(journal: string[]): InboxTracing {
  const nameOf = ({ messages, isBatch }: HandlerCall): string =>
    `${isBatch ? 'batch' : 'message'} ${messages.map(({ identity }) => identity.id?.id).join(' ')}`
  return {
    async process(inbox, transaction) {
      try {
        return await transaction(async (call, handler) => {
          journal.push(`trace ${nameOf(call)}`)
          const result = await handler()
          journal.push('handled')
          return result
        })
      } catch (error) {
        journal.push(`${inbox} threw ${(error as Error).message}`)
        throw error
      } finally {
        journal.push('traced')
      }
    },
  }
}

interface TracedInbox {
  readonly store: JournalingInboxStore
  readonly inbox: Inbox<JournalingTx>
  /** What a binding that is one by one or by the batch writes into the journal. */
  readonly handler: () => void
}

function openInbox(): TracedInbox {
  const store = new JournalingInboxStore()
  const inbox = createInbox<JournalingTx>({ store, name: 'billing', tracing: journaling(store.journal) })
  return { store, inbox, handler: () => void store.journal.push('handler') }
}

describe('a handler in a trace', () => {
  it('is told of once the message is known to be new, and as done once its transaction has committed', async () => {
    const { store, inbox, handler } = openInbox()
    await inbox.handle(delivery(5), on<JournalingTx, number>(orders, handler))
    expect(store.journal).toEqual([
      'begin',
      'receive position id',
      'trace message m5',
      'handler',
      'handled',
      'usable?',
      'commit',
      'traced',
    ])
  })

  it('is not told of where the message is a repeat', async () => {
    const { store, inbox, handler } = openInbox()
    const binding = on<JournalingTx, number>(orders, handler)
    await inbox.handle(delivery(5), binding)
    store.journal.length = 0
    expect(await inbox.handle(delivery(5), binding)).toMatchObject({ status: 'duplicate' })
    expect(store.journal).toEqual(['begin', 'receive position id', 'commit', 'traced'])
  })

  it('is told of with what rolled it back, also where that came after it', async () => {
    const { store, inbox, handler } = openInbox()
    store.commitErrors.push(new Error('deferred'))
    const handling = inbox.handle(delivery(5), on<JournalingTx, number>(orders, handler))
    await expect(handling).rejects.toThrow('deferred')
    expect(store.journal.slice(-4)).toEqual(['usable?', 'rollback', 'billing threw deferred', 'traced'])
  })

  it('is told of with the decoding of its message, which may fail', async () => {
    const { store, inbox, handler } = openInbox()
    const broken = { ...delivery(5), value: Buffer.from('{') }
    const handling = inbox.handle(broken, on<JournalingTx, number>(orders, handler))
    await expect(handling).rejects.toMatchObject({ code: 'VALUE_UNDECODABLE' })
    expect(store.journal).toContain('trace message m5')
    expect(store.journal).not.toContain('handler')
  })

  it.each<[string, (handler: () => void) => AnyBinding<JournalingTx>, readonly string[]]>([
    [
      'each of a group by itself',
      (handler) => on<JournalingTx, number>(orders, handler, { group: 10 }),
      ['trace message m5', 'trace message m6'],
    ],
    ['a batch as one', (handler) => onBatch<JournalingTx, number>(orders, handler), ['trace batch m5 m6']],
  ])('is told of %s', async (_, bind, told) => {
    const { store, inbox, handler } = openInbox()
    await inbox.handleGroup([delivery(5), delivery(6)], bind(handler))
    expect(store.journal.filter((entry) => entry.startsWith('trace '))).toEqual(told)
  })

  it('of a parked message is told of as well', async () => {
    const { store, inbox, handler } = openInbox()
    const message = parkableOf(delivery(5), { scope: 'orders', id: 'm5' })
    store.due = { place: '1', message, attempts: 1, starts: 1, isLast: true }
    await inbox.retryParked([on<JournalingTx, number>(orders, handler)])
    expect(store.journal).toEqual([
      'claim',
      'begin',
      'read due',
      'receive id',
      'remove due',
      'trace message m5',
      'handler',
      'handled',
      'usable?',
      'commit',
      'traced',
    ])
  })
})
