import { expect, it } from 'vitest'
import { sameJson } from './same-json.js'

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)

it('takes JSON that is written otherwise for the same', () => {
  expect(sameJson(bytes('{ "b": 1.0, "a": [] }'))).toBe('{"a":[],"b":1}')
  expect(sameJson(bytes('{"a":[],"b":1}'))).toBe('{"a":[],"b":1}')
})

it.each([
  ['is no JSON', bytes('a=1&b=2')],
  ['is nothing', bytes('')],
  ['is no UTF-8', new Uint8Array([34, 255, 34])],
])('tells what %s by its bytes', (_, body) => {
  expect(sameJson(body)).toBe(body)
})
