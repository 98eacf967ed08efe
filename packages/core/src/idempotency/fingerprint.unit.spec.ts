import { createHash } from 'node:crypto'
import { expect, it } from 'vitest'
import { fingerprintOf, isSameInput } from './fingerprint.js'

// What is stored has to be recognised by every later version.
it('is SHA-256 over each part behind its length, of version 1', () => {
  const expected = createHash('sha256').update('3\0').update('abc').update('2\0').update('ü').digest()
  expect(fingerprintOf(['abc', 'ü'])).toEqual({ version: 1, hash: new Uint8Array(expected) })
})

it('is the same for text and its bytes', () => {
  expect(isSameInput(fingerprintOf('ü'), fingerprintOf(Buffer.from('ü')))).toBe(true)
  expect(isSameInput(fingerprintOf('a'), fingerprintOf(['a']))).toBe(true)
})

it.each([
  ['other bytes', 'a', 'b'],
  ['another division', ['ab', 'c'], ['a', 'bc']],
  ['halves of two characters', '\ud800', '\ud801'],
  ['half of a character from what UTF-8 puts in its place', '\ud800', '\ufffd'],
  ['one more part', ['a'], ['a', '']],
  ['nothing', [], ['']],
])('tells %s apart', (_, a, b) => {
  expect(isSameInput(fingerprintOf(a), fingerprintOf(b))).toBe(false)
})

it('says nothing of another version', () => {
  const { hash } = fingerprintOf('a')
  expect(isSameInput({ version: 1, hash }, { version: 2, hash })).toBe(false)
})
