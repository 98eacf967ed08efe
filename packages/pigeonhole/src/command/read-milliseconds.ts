import { PigeonholeError } from '@pigeonhole/core'

/** The longest time that Node's timers take, almost 25 days: they take a longer one for none. */
const longestMs = 2 ** 31 - 1

/**
 * The milliseconds that an option of a command was given; undefined where it was not.
 * @throws OPTION_INVALID
 */
export function readMilliseconds(option: string, given: unknown): number | undefined {
  if (given === undefined) return undefined
  const value = /^\d+$/.test(String(given)) ? Number(given) : Number.NaN
  if (value >= 1 && value <= longestMs) return value
  throw new PigeonholeError('OPTION_INVALID', {
    message: `--${option} is ${JSON.stringify(given)}: it takes a whole number of milliseconds from 1 to ${longestMs}`,
    details: { option },
  })
}
