import { expect, it } from 'vitest'
import { type IdempotencyOptions, resolveIdempotencyOptions } from './idempotency-options.js'

const store = {} as IdempotencyOptions<unknown>['store']

it('has defaults for all but the store', () => {
  expect(resolveIdempotencyOptions({ store })).toEqual({
    store,
    outbox: undefined,
    tracing: undefined,
    expiresMs: 86_400_000,
    graceMs: 3_600_000,
    timeoutMs: 30_000,
    conflictRetries: 5,
    maxAnswerBytes: 1_048_576,
  })
})

it.each([
  ['expiresMs', 0],
  ['expiresMs', 11 * 365 * 86_400_000],
  ['graceMs', -1],
  ['timeoutMs', 0],
  ['conflictRetries', -1],
  ['maxAnswerBytes', 0.5],
])('refuses %s = %d', (option, value) => {
  expect(() => resolveIdempotencyOptions({ store, [option]: value })).toThrow(
    expect.objectContaining({ code: 'OPTION_INVALID', details: { option } }),
  )
})

it('names the option that was meant', () => {
  const misspelt = { store, expireMs: 1 } as unknown as IdempotencyOptions<unknown>
  expect(() => resolveIdempotencyOptions(misspelt)).toThrow('Did you mean "expiresMs"?')
})
