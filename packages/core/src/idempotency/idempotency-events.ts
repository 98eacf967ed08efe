/** Which operation an event is of. Keys and tenants stay out of events: they may be secrets, and are no labels. */
export interface OperationPlace {
  readonly operation: string
}

/** What idempotency tells. Events fire after the transaction's end and are lost with the process. */
export interface IdempotencyEvents {
  /**
   * An operation has been done, or refused, and its answer is stored.
   * @commit After the commit of the effects and of the answer; of the answer alone where it was refused.
   */
  'operation:answered': OperationPlace & { readonly refused: boolean; readonly durationMs: number }
  /**
   * A repeat got the stored answer.
   * @commit After a transaction that wrote nothing.
   */
  'operation:replayed': OperationPlace
  /**
   * A key was not let in: another attempt runs, or it belongs to another input.
   * @commit After a rollback: nothing was written.
   */
  'key:rejected': OperationPlace & { readonly because: 'running' | 'reused' }
  /**
   * PostgreSQL gave the transaction up in favour of another one; it is tried again at once.
   * @commit After a rollback: nothing of the attempt is there.
   */
  'operation:retried': OperationPlace & { readonly attempt: number; readonly error: unknown }
  /**
   * The transaction was rolled back, or its outcome is unknown.
   * @commit After a rollback, or an outcome that is unknown: a repeat finds out.
   */
  'operation:failed': OperationPlace & { readonly error: unknown }
}
