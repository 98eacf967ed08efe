import { PigeonholeError } from '@pigeonhole/core'

/**
 * The milliseconds that an option of a command was given; undefined where it was not.
 * @throws OPTION_INVALID
 */
export function readMilliseconds(option: string, given: unknown): number | undefined {
  if (given === undefined) return undefined
  const value = /^\d+$/.test(String(given)) ? Number(given) : Number.NaN
  if (Number.isSafeInteger(value) && value >= 1) return value
  throw new PigeonholeError('OPTION_INVALID', {
    message: `--${option} is ${JSON.stringify(given)}: it takes a whole number of milliseconds from 1`,
    details: { option },
  })
}
