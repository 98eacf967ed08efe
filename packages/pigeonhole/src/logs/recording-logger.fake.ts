import type { Logger } from './logger.js'

export interface Line {
  readonly level: string
  readonly fields: object
}

/** A logger that keeps what it is told. */
export function recordingLogger(): { readonly logger: Logger; readonly lines: readonly Line[] } {
  const lines: Line[] = []
  const log = (level: string) => (fields: object) => void lines.push({ level, fields })
  return { lines, logger: { debug: log('debug'), info: log('info'), warn: log('warn'), error: log('error') } }
}
