/** Where a message came from. */
export interface MessagePlace {
  readonly inbox: string
  readonly topic: string
  readonly partition: number | undefined
  readonly offset: bigint | undefined
}

/** What an inbox tells. Events fire after the transaction's end and are lost with the process. */
export interface InboxEvents {
  /**
   * The transaction with the handler's writes has committed.
   * @commit After the handler's commit.
   */
  'message:handled': MessagePlace & { readonly idMissing: boolean; readonly durationMs: number }
  /**
   * The message had taken effect before; nothing but its position was written.
   * @commit After the commit of the position.
   */
  'message:deduplicated': MessagePlace & { readonly by: 'position' | 'id' }
  /**
   * PostgreSQL gave the transaction up in favour of another one; it is tried again at once.
   * @commit After a rollback: nothing of the attempt is there.
   */
  'message:retried': MessagePlace & { readonly attempt: number; readonly error: unknown }
  /**
   * The transaction was rolled back, or its outcome is unknown.
   * @commit After a rollback, or an outcome that is unknown: the next delivery finds out.
   */
  'message:failed': MessagePlace & { readonly error: unknown }
}
