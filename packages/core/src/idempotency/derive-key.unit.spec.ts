import { expect, it } from 'vitest'
import { deriveKey } from './derive-key.js'

it('is the same for the same key and purpose, in every version: callers keep what they have sent', () => {
  expect(deriveKey('order-1', 'charge')).toBe('2bc51c97-73d6-8062-a8c5-cb7495a7f0dd')
  expect(deriveKey('order-1', 'ship', 'line-7')).toBe('2009b336-728e-80d8-88db-74710446a21c')
})

it('is a UUID of version 8', () => {
  expect(deriveKey('order-1', 'charge')).toMatch(
    /^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
  )
})

it('is another one for another key, purpose or division into parts', () => {
  const keys = [
    deriveKey('a', 'b'),
    deriveKey('b', 'a'),
    deriveKey('a', 'c'),
    deriveKey('a', 'b', 'c'),
    deriveKey('a', 'b\0c'),
    deriveKey('a\0', 'b'),
    deriveKey('a', 'bc'),
    deriveKey('ab', 'c'),
    deriveKey('a', 'b', ''),
  ]
  expect(new Set(keys).size).toBe(keys.length)
})
