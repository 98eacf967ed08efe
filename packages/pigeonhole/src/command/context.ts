import type { ConfigFile } from '../configuration/config-file.js'

/** Where a command writes. */
export interface Terminal {
  /** Results, to stdout: text, or bytes as they are. */
  print(text: string | Uint8Array): void
  /** Errors and warnings, to stderr. */
  warn(text: string): void
  /** Asks whoever sits there, and resolves to the answer. Absent where nobody does. */
  readonly ask?: (question: string) => Promise<string>
  /** Told when the command begins with what it was asked: from here on a signal may find something done. */
  readonly begun?: () => void
}

/** What a command is run with. */
export interface CommandContext {
  readonly flags: Readonly<Record<string, unknown>>
  /** What stands behind the command's name and is no flag. */
  readonly words: readonly string[]
  readonly environment: Readonly<Record<string, string | undefined>>
  /** The configuration file, where there is one. */
  readonly file?: ConfigFile | undefined
  readonly terminal: Terminal
}
