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
   * The transaction was rolled back, or its outcome is unknown. Also of a parked message that is tried again, and of one that is
   * found to have killed its processes when it was: then `error` is MESSAGE_KILLS_PROCESS.
   * @commit After a rollback, or an outcome that is unknown: the next delivery finds out. MESSAGE_KILLS_PROCESS: after the commit
   * that gives the message to an operator.
   */
  'message:failed': MessagePlace & { readonly error: unknown }
  /**
   * The message could not be handled, or waits behind another one of its key that could not. It is kept in `parked_message`,
   * and the inbox has gone on.
   * @commit After the commit of the parked message and of the position behind it.
   */
  'message:parked': MessagePlace & {
    readonly because: 'failed' | 'key'
    /** Failed ones, 0 for one that waits behind another. */
    readonly attempts: number
    readonly error: unknown
  }
  /**
   * A parked message has been handled, or dropped as a repeat, of which `message:handled` or `message:deduplicated` tells.
   * @commit After the handler's commit, in which the message was removed from the parked ones.
   */
  'message:unparked': MessagePlace
  /**
   * Nothing of a key is parked any more: its messages are handled as they come.
   * @commit After the commit that unblocks the key.
   */
  'key:unblocked': { readonly inbox: string; readonly topic: string }
}
