import { expect, it } from 'vitest'
import { retryAfterMs } from './retry-after.js'

const now = Date.UTC(1994, 10, 6, 8, 49, 37)
const read = (retryAfter?: string, date?: string): number | undefined =>
  retryAfterMs(new Headers({ ...(retryAfter && { 'retry-after': retryAfter }), ...(date && { date }) }), now)

it.each([
  ['0', 0],
  ['120', 120_000],
  [' 7 ', 7_000],
  ['Sun, 06 Nov 1994 08:50:37 GMT', 60_000],
  ['Sunday, 06-Nov-94 08:50:37 GMT', 60_000],
  ['Sun Nov  6 08:50:37 1994', 60_000],
  ['Sun, 06 Nov 1994 08:48:37 GMT', 0],
])('reads %j as %d ms', (value, ms) => {
  expect(read(value)).toBe(ms)
})

it.each([undefined, '-1', '1.5', 'soon', '2026-11-27', '1e3', 'Sun, later'])(
  'reads nothing in %j',
  (value) => {
    expect(read(value)).toBeUndefined()
  },
)

it('counts a date from the server’s own clock, where the answer tells it', () => {
  const until = 'Sun, 06 Nov 1994 09:00:30 GMT'
  expect(read(until, 'Sun, 06 Nov 1994 09:00:00 GMT')).toBe(30_000)
  expect(read(until, 'who knows')).toBe(653_000)
})
