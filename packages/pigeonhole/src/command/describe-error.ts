import { inspect } from 'node:util'
import { isPigeonholeError } from '@pigeonhole/core'
import { safeWords } from '../logs/safe-words.js'

/** An error as the command prints it: `CODE: message`, and with `verbose` its stack and what is behind it. */
export function describeError(error: unknown, { verbose }: { readonly verbose: boolean }): string {
  if (!(error instanceof Error)) return verbose ? inspect(error) : String(error)
  return verbose ? stackOf(error) : headOf(error)
}

function headOf(error: Error): string {
  return `${isPigeonholeError(error) ? error.code : error.name}: ${safeWords(error)}`
}

// No other property: PostgreSQL's errors quote rows in theirs.
function stackOf(error: Error): string {
  const frames = error.stack?.match(/^ {4}at .*$/gm) ?? []
  const behind = error.cause instanceof Error ? [`caused by ${stackOf(error.cause)}`] : []
  return [headOf(error), ...frames, ...behind].join('\n')
}
