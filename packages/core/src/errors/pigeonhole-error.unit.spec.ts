import { describe, expect, it, vi } from 'vitest'
import { isPigeonholeError, PigeonholeError } from './pigeonhole-error.js'

function missing(cause?: unknown): PigeonholeError<'TOPIC_MISSING'> {
  return new PigeonholeError('TOPIC_MISSING', {
    message: 'no such topic',
    details: { topic: 'orders' },
    cause,
  })
}

describe('PigeonholeError', () => {
  it('carries code, details and message', () => {
    const error = missing()
    expect(error).toBeInstanceOf(Error)
    expect(error).toMatchObject({
      name: 'PigeonholeError',
      code: 'TOPIC_MISSING',
      details: { topic: 'orders' },
      message: 'no such topic',
    })
  })

  it('keeps a foreign error as its cause, and has none otherwise', () => {
    const foreign = new Error('foreign')
    expect(missing(foreign).cause).toBe(foreign)
    expect('cause' in missing()).toBe(false)
  })

  it('is not retryable unless it says so', () => {
    expect(missing().retryable).toBe(false)
    expect(
      new PigeonholeError('STORE_CONFLICT', { message: '', details: {}, retryable: true }).retryable,
    ).toBe(true)
  })
})

describe('isPigeonholeError', () => {
  it('asks for any of the codes given', () => {
    expect(isPigeonholeError(missing())).toBe(true)
    expect(isPigeonholeError(missing(), 'STORE_CONFLICT', 'TOPIC_MISSING')).toBe(true)
    expect(isPigeonholeError(missing(), 'STORE_CONFLICT')).toBe(false)
  })

  it.each([[new Error('x')], [{ code: 'TOPIC_MISSING' }], [undefined], [null], ['TOPIC_MISSING'], [0]])(
    'is false for %s',
    (value) => {
      expect(isPigeonholeError(value)).toBe(false)
    },
  )

  it('recognises the errors of another copy of this package', async () => {
    vi.resetModules()
    const other = await import('./pigeonhole-error.js')
    expect(other.PigeonholeError).not.toBe(PigeonholeError)
    const error = new other.PigeonholeError('TOPIC_MISSING', { message: '', details: { topic: 'orders' } })
    expect(error).not.toBeInstanceOf(PigeonholeError)
    expect(isPigeonholeError(error, 'TOPIC_MISSING')).toBe(true)
  })
})
