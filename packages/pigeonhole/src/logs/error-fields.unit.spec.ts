import { PigeonholeError, park } from '@pigeonhole/core'
import { describe, expect, it } from 'vitest'
import { errorFields, failureFields } from './error-fields.js'

const secret = 'a value of a row'

/** As node-postgres has them. */
function databaseError(code: string, message: string): Error {
  const more = { detail: `Key (id)=(${secret}) already exists.`, where: secret, severity: 'ERROR' }
  return Object.assign(new Error(message), { name: 'error', code, ...more })
}

function unavailable(cause: unknown): PigeonholeError {
  return new PigeonholeError('STORE_UNAVAILABLE', { message: 'PostgreSQL is away', details: {}, cause })
}

describe('errorFields', () => {
  it.each([
    [new TypeError('a fault of ours'), { code: 'TypeError', error: 'a fault of ours' }],
    ['text', { code: 'UNKNOWN', error: 'text' }],
    [
      unavailable(new Error('gone')),
      { code: 'STORE_UNAVAILABLE', error: 'PostgreSQL is away', cause: 'gone' },
    ],
    [
      Object.assign(new Error('write EPIPE'), { code: 'EPIPE', errno: -32 }),
      { code: 'Error', error: 'write EPIPE' },
    ],
  ])('has the words of %s', (error, fields) => {
    expect(errorFields(error)).toEqual(fields)
  })

  it('has of an error of PostgreSQL its code and its words, and nothing else that it carries', () => {
    const error = databaseError('23505', 'duplicate key value violates unique constraint "order_pkey"')
    expect(errorFields(error)).toEqual({ code: '23505', error: error.message })
    expect(errorFields(unavailable(error))).toMatchObject({ cause: error.message })
  })

  it.each([
    ['22P02', `invalid input syntax for type integer: "${secret}"`],
    ['P0001', `a trigger says ${secret}`],
    ['P2010', `Raw query failed. Message: ${secret}`],
  ])('leaves out the words of %s, which may quote a value', (code, message) => {
    const error = databaseError(code, message)
    expect(errorFields(error)).toMatchObject({ code, error: expect.stringContaining(code) })
    expect(JSON.stringify([errorFields(error), errorFields(unavailable(error))])).not.toContain(secret)
  })
})

describe('failureFields', () => {
  it('has no words of a handler, a codec or a schema, nor the reason of one that parks', () => {
    const undecodable = new PigeonholeError('VALUE_UNDECODABLE', {
      message: 'cannot be decoded',
      details: { topic: 't' },
      cause: new SyntaxError(secret),
    })
    expect(failureFields(new RangeError(secret))).toEqual({ code: 'RangeError' })
    expect(failureFields(databaseError('23505', secret))).toEqual({ code: '23505' })
    expect(failureFields(secret)).toEqual({ code: 'UNKNOWN' })
    expect(failureFields(park(secret))).toEqual({ code: 'PARK_REQUESTED' })
    expect(failureFields(undecodable)).toEqual({ code: 'VALUE_UNDECODABLE', error: 'cannot be decoded' })
  })
})
