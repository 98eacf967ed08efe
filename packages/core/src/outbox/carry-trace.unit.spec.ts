import { describe, expect, it } from 'vitest'
import { topic } from '../message/topic.js'
import type { OutboxRow } from '../ports/outbox-store.js'
import type { OutboxTracing, TraceContext } from '../ports/tracing.js'
import { createOutbox } from './outbox.js'
import type { OutboxOptions } from './outbox-options.js'
import { RecordingOutboxStore } from './recording-outbox-store.fake.js'

const orders = topic<string>('orders')

/** A tracer that gives each message one of `contexts`, and remembers which it was asked for. */
class ScriptedTracing implements OutboxTracing {
  readonly asked: (readonly OutboxRow[])[] = []
  failure: unknown
  readonly #contexts: readonly (TraceContext | undefined)[]

  constructor(contexts: readonly (TraceContext | undefined)[]) {
    this.#contexts = contexts
  }

  async create<R>(
    rows: readonly OutboxRow[],
    insert: (contexts: readonly (TraceContext | undefined)[]) => Promise<R>,
  ): Promise<R> {
    this.asked.push(rows)
    try {
      return await insert(this.#contexts)
    } catch (error) {
      this.failure = error
      throw error
    }
  }
}

function openOutbox(options: Partial<OutboxOptions<string>>) {
  const store = new RecordingOutboxStore()
  return { store, outbox: createOutbox({ store, ...options }) }
}

describe('a message in a trace', () => {
  it('carries the context of its own creation, behind its own headers', async () => {
    const tracing = new ScriptedTracing([
      { traceparent: '00-1', tracestate: 'a=1' },
      { traceparent: '00-2', tracestate: '' },
      undefined,
    ])
    const { store, outbox } = openOutbox({ tracing })
    const ids = await outbox.publishMany('tx', orders, ['a', 'b', 'c'], { headers: { own: 'x' } })
    expect(store.rows.map(({ headers }) => headers)).toEqual([
      [
        ['own', 'x'],
        ['traceparent', '00-1'],
        ['tracestate', 'a=1'],
      ],
      [
        ['own', 'x'],
        ['traceparent', '00-2'],
      ],
      [['own', 'x']],
    ])
    expect(tracing.asked.map((rows) => rows.map(({ id }) => id))).toEqual([ids])
  })

  it('is told of with what its statement fails for', async () => {
    const tracing = new ScriptedTracing([])
    const { store, outbox } = openOutbox({ tracing })
    const failure = new Error('no such table')
    store.insertMessages = () => Promise.reject(failure)
    await expect(outbox.publish('tx', orders, 'a')).rejects.toBe(failure)
    expect(tracing.failure).toBe(failure)
  })

  it('is held to the limit with what it carries', async () => {
    const tracing = new ScriptedTracing([{ traceparent: 'x'.repeat(100) }])
    const { store, outbox } = openOutbox({ tracing, maxMessageBytes: 100 })
    await expect(outbox.publish('tx', orders, 'a')).rejects.toMatchObject({ code: 'MESSAGE_TOO_LARGE' })
    expect(store.calls).toEqual([])
  })

  it('carries the current context where that is all that is known', async () => {
    const { store, outbox } = openOutbox({ traceparent: () => '00-abc' })
    await outbox.publish('tx', orders, 'a', { headers: { own: 'x' } })
    expect(store.rows[0]?.headers).toEqual([
      ['own', 'x'],
      ['traceparent', '00-abc'],
    ])
  })

  it.each([
    ['nothing', {}],
    ['no context', { traceparent: () => undefined }],
  ])('carries nothing where %s is known', async (_, options) => {
    const { store, outbox } = openOutbox(options)
    await outbox.publish('tx', orders, 'a')
    expect(store.rows[0]?.headers).toEqual([])
  })

  it('carries one context: tracing and traceparent are not taken together', () => {
    const options = { tracing: new ScriptedTracing([]), traceparent: () => '00-abc' }
    expect(() => openOutbox(options)).toThrow(
      expect.objectContaining({ code: 'OPTION_INVALID', details: { option: 'traceparent' } }),
    )
  })
})
