import { isPigeonholeError } from '@pigeonhole/core'
import { type Logger, pino } from 'pino'
import type { LogLevel } from '../configuration/relay-settings.js'

export type { Logger }

/** The worker's log: a line of JSON each, on stdout. What is logged names places and counts, never payloads or secrets. */
export function createLogger(level: LogLevel): Logger {
  return pino({
    level,
    base: null,
    messageKey: 'message',
    timestamp: () => `,"time":"${new Date().toISOString()}"`,
    formatters: { level: (label) => ({ level: label }) },
  })
}

/** What a log line says of an error. */
export interface LoggedError {
  readonly code: string
  readonly error: string
  /** What the client of the database or the broker said. */
  readonly cause?: string
}

/** An error as fields of a log line. */
export function errorFields(error: unknown): LoggedError {
  if (!(error instanceof Error)) return { code: 'UNKNOWN', error: String(error) }
  const code = isPigeonholeError(error) ? error.code : error.name
  const { cause, message } = error
  return cause instanceof Error ? { code, error: message, cause: cause.message } : { code, error: message }
}
