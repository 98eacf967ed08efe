import { PigeonholeError } from '@pigeonhole/core'
import type { Command, Option } from 'commander'

// `--key-hex ""` is the key without a byte. What `--key ""` is taken for, and how that key is given, its commands say.
const ownWords = ['keyHex', 'key']

/**
 * Refuses an option that is given and empty, as by a variable of a shell that is not set: it is no name of anything, and was never
 * meant to be no option.
 * @throws OPTION_INVALID
 */
export function refuseEmptyOptions(command: Command): void {
  const flags = command.opts<Record<string, unknown>>()
  const isEmpty = (option: Option): boolean => flags[option.attributeName()] === ''
  const empty = command.options.find(
    (option) => isEmpty(option) && !ownWords.includes(option.attributeName()),
  )
  if (!empty) return
  throw new PigeonholeError('OPTION_INVALID', {
    message: `${empty.long} is empty: it takes a value, ${empty.flags}. Is it a variable of the shell that is not set?`,
    details: { option: empty.attributeName() },
  })
}
