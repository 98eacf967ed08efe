import { closest } from 'fastest-levenshtein'
import { PigeonholeError } from '../errors/pigeonhole-error.js'

/** @throws OPTION_INVALID when `given` has a key that is not in `known`, naming the nearest one. */
export function assertKnownOptions(owner: string, given: object, known: readonly string[]): void {
  for (const option of Object.keys(given)) {
    if (known.includes(option)) continue
    const nearest = closest(option, known)
    throw new PigeonholeError('OPTION_INVALID', {
      message: `${owner} has no option "${option}". Did you mean "${nearest}"? Known: ${known.join(', ')}`,
      details: { option, nearest },
    })
  }
}

/** @throws OPTION_INVALID when `value` is not a whole number from `min` to `max`. */
export function assertWholeNumber(
  option: string,
  value: number,
  { min, max = Number.MAX_SAFE_INTEGER }: { readonly min: number; readonly max?: number },
): void {
  if (Number.isSafeInteger(value) && value >= min && value <= max) return
  throw new PigeonholeError('OPTION_INVALID', {
    message: `Option ${option} is ${value}: it takes a whole number from ${min} to ${max}`,
    details: { option },
  })
}

/** @throws OPTION_INVALID when `value` is not a name of 1 to 100 letters, digits, dots, dashes and underscores. */
export function assertName(option: string, value: unknown): asserts value is string {
  if (typeof value === 'string' && /^[a-zA-Z0-9._-]{1,100}$/.test(value)) return
  throw new PigeonholeError('OPTION_INVALID', {
    message: `Option ${option} is ${JSON.stringify(value) ?? 'missing'}: it takes 1 to 100 of a-z A-Z 0-9 . _ -`,
    details: { option },
  })
}
