/** Bounds of one transaction in which a handler runs. */
export interface TransactionBounds {
  /** Longest time from begin to commit, in milliseconds. */
  readonly timeoutMs: number
}

/** The part of a store that opens the transactions of handlers. `Tx` is the type of an open transaction of the user's own client. */
export interface TransactionStore<Tx> {
  /**
   * Runs `work` in one READ COMMITTED transaction, commits when it resolves and rolls back when it rejects.
   * Errors of `work` pass through unmodified; errors of the database arrive as coded errors.
   * @throws STORE_CONFLICT when PostgreSQL gave the transaction up in favour of another one.
   * @throws STORE_UNAVAILABLE when the outcome is unknown.
   */
  transaction<R>(bounds: TransactionBounds, work: (tx: Tx) => Promise<R>): Promise<R>
  /**
   * @throws SCHEMA_MISSING, SCHEMA_OUTDATED when the tables are not what this library needs.
   */
  checkSchema(): Promise<void>
}
