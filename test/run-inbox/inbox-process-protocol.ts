/** How the inbox process under test is started: JSON in its first argument. */
export interface InboxProcessOptions {
  /** The inbox's. */
  readonly name: string
  /** The consumer group's: each process has its own, so that none waits for the session of one that was killed. */
  readonly group: string
  readonly databaseUrl: string
  readonly brokers: readonly string[]
  readonly topic: string
  readonly deadLetters: string
  /** Where the process kills itself. Default: nowhere. */
  readonly fault?: { readonly point: string; readonly occurrence: number }
}
