import { on, topic } from '@pigeonhole/core'
import { describe, expect, it } from 'vitest'
import { type RunInboxOptions, resolveRunInboxOptions } from './run-inbox-options.js'

const orders = on<object, string>(topic<string>('orders'), () => undefined)

describe('the options of runInbox', () => {
  it('have defaults', () => {
    const resolved = resolveRunInboxOptions({
      handlers: [orders],
      from: undefined,
    } as unknown as RunInboxOptions<object>)
    expect(resolved).toMatchObject({
      from: 'earliest',
      partitionsConsumedConcurrently: 4,
      backoff: { initialMs: 1000, maxMs: 30_000 },
      commitIntervalMs: 1000,
    })
    expect([...resolved.handlers]).toEqual([['orders', orders]])
  })

  it.each([
    [{ handlers: [orders], form: 'latest' }, 'form', 'Did you mean "from"'],
    [{ handlers: [orders], from: 'newest' }, 'from', 'earliest, latest'],
    [{ handlers: [orders], partitionsConsumedConcurrently: 0 }, 'partitionsConsumedConcurrently', '0'],
    [{ handlers: [orders], commitIntervalMs: -1 }, 'commitIntervalMs', '-1'],
    [{ handlers: [orders], backoff: { initialMs: 10, maxMs: 5 } }, 'backoff.maxMs', '5'],
    [{ handlers: [] }, 'handlers', 'no handler'],
    [{}, 'handlers', 'no handler'],
    [{ handlers: [topic('orders')] }, 'handlers', 'on(topic, handler)'],
    [
      { handlers: [orders, on(topic('orders'), () => undefined)] },
      'handlers',
      'two handlers for topic orders',
    ],
  ])('refuse %j', (options, option, says) => {
    const resolve = (): unknown => resolveRunInboxOptions(options as unknown as RunInboxOptions<object>)
    expect(resolve).toThrow(
      expect.objectContaining({ code: 'OPTION_INVALID', details: expect.objectContaining({ option }) }),
    )
    expect(resolve).toThrow(says)
  })
})
