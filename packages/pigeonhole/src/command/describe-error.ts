import { inspect } from 'node:util'
import { isPigeonholeError } from '@pigeonhole/core'

/** An error as the command prints it: `CODE: message`, and with `verbose` its stack and what is behind it. */
export function describeError(error: unknown, { verbose }: { readonly verbose: boolean }): string {
  if (verbose) return inspect(error)
  if (isPigeonholeError(error)) return `${error.code}: ${error.message}`
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error)
}
