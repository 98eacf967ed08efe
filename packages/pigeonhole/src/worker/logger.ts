import { pino } from 'pino'
import type { LogLevel } from '../configuration/relay-settings.js'
import type { Logger } from '../logs/logger.js'

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
