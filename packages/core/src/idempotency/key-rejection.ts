import { isPigeonholeError, type PigeonholeError } from '../errors/pigeonhole-error.js'

/**
 * Whether an error says that `operation` was not let in by its key: a handler may ask for other operations, and pass on what they were
 * refused for.
 */
export function isRejectionOf(
  operation: string,
  error: unknown,
): error is PigeonholeError<'KEY_RUNNING' | 'KEY_REUSED'> {
  return isPigeonholeError(error, 'KEY_RUNNING', 'KEY_REUSED') && error.details.operation === operation
}
