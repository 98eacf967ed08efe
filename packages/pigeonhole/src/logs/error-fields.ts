import { isPigeonholeError } from '@pigeonhole/core'
import { codeOf, safeWords } from './safe-words.js'

/** What a log line says of an error. */
export interface LoggedError {
  /** A code, an SQLSTATE, or the name of the error's class. */
  readonly code: string
  readonly error?: string
  /** What the client of the database or the broker said. */
  readonly cause?: string
}

/** An error of a server or of its client, as fields of a log line: its words and those of what is behind it, no other property. */
export function errorFields(error: unknown): LoggedError {
  const code = codeOf(error)
  if (!(error instanceof Error)) return { code, error: String(error) }
  const { cause } = error
  const words = { code, error: safeWords(error) }
  return cause instanceof Error ? { ...words, cause: safeWords(cause) } : words
}

/**
 * An error out of a handler, a codec or a schema, as fields of a log line. What such code says may quote the message, and so may the
 * words of what is behind an error of ours: they are left out.
 */
export function failureFields(error: unknown): LoggedError {
  const code = codeOf(error)
  const isOurs = isPigeonholeError(error) && !isPigeonholeError(error, 'PARK_REQUESTED')
  return isOurs ? { code, error: error.message } : { code }
}
