/** Where a command writes. */
export interface Terminal {
  /** Results, to stdout. */
  print(text: string): void
  /** Errors and warnings, to stderr. */
  warn(text: string): void
}

/** What a command is run with. */
export interface CommandContext {
  readonly flags: Readonly<Record<string, unknown>>
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly terminal: Terminal
}
