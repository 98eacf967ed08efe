import { PigeonholeError } from '@pigeonhole/core'
import type { CommandContext } from './context.js'

/**
 * The role that an option of a command names; undefined where it was not given.
 * @throws OPTION_INVALID where it is empty, as from a variable of a shell that is not set: no role has that name.
 */
export function readRole(flags: CommandContext['flags'], option: string): string | undefined {
  const role = flags[option]
  if (role === undefined) return undefined
  if (role !== '') return String(role)
  throw new PigeonholeError('OPTION_INVALID', {
    message: `--${option} is empty: it takes the name of a role`,
    details: { option },
  })
}
