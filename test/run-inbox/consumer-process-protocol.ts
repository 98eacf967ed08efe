/** What a consumer process is started with. */
export interface ConsumerProcessOptions {
  readonly databaseUrl: string
  readonly brokers: readonly string[]
  /** The inbox, and the group unless that has a name of its own. */
  readonly name: string
  readonly groupId?: string
  readonly topics: readonly string[]
  readonly attempts: number
  /** Most messages in one transaction. */
  readonly group: number
  readonly timeoutMs: number
  readonly dedupe: 'both' | 'id'
  /** Whether it never ends with a message that says `hold`, unless it is told to. */
  readonly holds?: boolean
  /** Where the process ends itself, whatever it handles. */
  readonly crash: 'claimed' | 'never'
  /** The call of the store at which it kills itself, which it prints. Default: none. */
  readonly fault?: { readonly point: string; readonly occurrence: number }
  readonly parkedBackoff?: { readonly initialMs: number; readonly maxMs: number }
  readonly deadLetters?: string
}

/** What a consumer process tells. */
export type ConsumerProcessMessage =
  /** It is alive. */
  | { readonly type: 'tick' }
  | {
      readonly type: 'event'
      readonly name: string
      readonly partition?: number | undefined
      readonly data: string
    }
  /** A handler has begun. */
  | { readonly type: 'handling'; readonly value: string }
  | { readonly type: 'running' }
  /** A message is done, or parked. */
  | { readonly type: 'done' }
