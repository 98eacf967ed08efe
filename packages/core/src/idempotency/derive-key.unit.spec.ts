import { describe, expect, it } from 'vitest'
import { deriveKey, type KeyPurpose } from './derive-key.js'

const scope = { tenant: 'a', operation: 'POST /orders', key: 'order-1' }

describe('a derived key', () => {
  it('is the same for the same scope and purpose, in every version: callers keep what they have sent', () => {
    expect(deriveKey(scope, 'charge')).toBe('7464cd21-8ddb-882e-aa3e-b1d048558249')
    expect(deriveKey(scope, 'ship', 'line-7')).toBe('c05227be-29d0-83ef-a24c-e37aee060fa6')
  })

  it('is a UUID of version 8', () => {
    expect(deriveKey(scope, 'charge')).toMatch(
      /^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
    )
  })

  it('is another one for another tenant, operation, key, purpose, or division into parts', () => {
    const keys = [
      deriveKey(scope, 'b'),
      deriveKey({ ...scope, tenant: 'b' }, 'b'),
      deriveKey({ ...scope, tenant: '' }, 'b'),
      deriveKey({ ...scope, operation: 'b' }, 'b'),
      deriveKey({ ...scope, key: 'b' }, 'b'),
      deriveKey({ tenant: 'a', operation: 'order-1', key: 'POST' }, 'b'),
      deriveKey({ tenant: '', operation: 'a', key: 'b' }, 'c', 'd'),
      deriveKey({ tenant: '', operation: 'a', key: 'b' }, 'd', 'c'),
      deriveKey({ tenant: '', operation: 'a', key: 'b' }, 'cd'),
      deriveKey({ tenant: '', operation: 'ab', key: 'c' }, 'd'),
      deriveKey({ tenant: 'a', operation: 'b', key: 'c' }, 'd'),
      deriveKey({ tenant: '', operation: 'a', key: 'b' }, 'c\0d'),
    ]
    expect(new Set(keys).size).toBe(keys.length)
  })

  it('of no tenant is that of the empty one', () => {
    const { operation, key } = scope
    expect(deriveKey({ operation, key }, 'charge')).toBe(deriveKey({ tenant: '', operation, key }, 'charge'))
  })

  it.each([[[]], [['']], [['ship', undefined]], [['ship', '']], [['ship', 7]]])(
    'is not made for the purpose %j',
    (purpose) => {
      expect(() => deriveKey(scope, ...(purpose as unknown as KeyPurpose))).toThrow(
        expect.objectContaining({ code: 'OPTION_INVALID', details: { option: 'purpose' } }),
      )
    },
  )

  it.each([
    [{ key: '' }, 'KEY_MISSING'],
    [{ key: 'a b' }, 'KEY_INVALID'],
    [{ key: '"a"' }, 'KEY_INVALID'],
    [{ tenant: undefined as unknown as string }, 'OPTION_INVALID'],
    [{ operation: '' }, 'OPTION_INVALID'],
  ])('is not made in the scope %j', (wrong, code) => {
    expect(() => deriveKey({ ...scope, ...wrong }, 'charge')).toThrow(expect.objectContaining({ code }))
  })
})
