import { expect, it } from 'vitest'
import { readMilliseconds } from './read-milliseconds.js'

it('takes what a timer takes, or nothing', () => {
  expect(readMilliseconds('timeout-ms', undefined)).toBeUndefined()
  expect(readMilliseconds('timeout-ms', '1')).toBe(1)
  expect(readMilliseconds('timeout-ms', '2147483647')).toBe(2_147_483_647)
})

it.each(['', '0', '-1', '1.5', '1e3', '2147483648', '99999999999'])('refuses %j', (given) => {
  expect(() => readMilliseconds('timeout-ms', given)).toThrow(
    expect.objectContaining({
      code: 'OPTION_INVALID',
      message: `--timeout-ms is ${JSON.stringify(given)}: it takes a whole number of milliseconds from 1 to 2147483647`,
      details: { option: 'timeout-ms' },
    }),
  )
})
