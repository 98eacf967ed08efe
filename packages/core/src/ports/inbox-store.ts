/** A place in the log, for one inbox. */
export interface Position {
  readonly topic: string
  readonly partition: number
  readonly offset: bigint
}

/** Where an inbox goes on in a partition. */
export interface NextPosition {
  readonly topic: string
  readonly partition: number
  /** The offset of the next message to be handled. */
  readonly nextOffset: bigint
}

/** Bounds of one transaction of an inbox. */
export interface TransactionBounds {
  /** Longest time from begin to commit, in milliseconds. */
  readonly timeoutMs: number
}

/** The part of a store that an inbox needs. `Tx` is the type of an open transaction of the user's own client. */
export interface InboxStore<Tx> {
  /**
   * Runs `work` in one READ COMMITTED transaction, commits when it resolves and rolls back when it rejects.
   * Errors of `work` pass through unmodified; errors of the database arrive as coded errors.
   * @throws STORE_CONFLICT when PostgreSQL gave the transaction up in favour of another one.
   * @throws STORE_UNAVAILABLE when the outcome is unknown.
   */
  transaction<R>(bounds: TransactionBounds, work: (tx: Tx) => Promise<R>): Promise<R>
  /**
   * Moves the inbox's position past `position.offset`.
   * Resolves to false, and moves nothing, when the position is already beyond it. Holds the position's row until
   * the transaction ends, so that two owners of a partition take turns.
   */
  advancePosition(tx: Tx, inbox: string, position: Position): Promise<boolean>
  /** Remembers a message id. Resolves to false when the inbox has it already. */
  insertMessageId(
    tx: Tx,
    entry: { readonly inbox: string; readonly scope: string; readonly id: string },
  ): Promise<boolean>
  /**
   * Resolves to true when the transaction can still commit, to false when PostgreSQL has given it up after an error
   * that was swallowed (SQLSTATE 25P02).
   */
  isUsable(tx: Tx): Promise<boolean>
  /** Where the inbox goes on in each of `partitions`; those without a position are absent. */
  readPositions(
    inbox: string,
    partitions: readonly { readonly topic: string; readonly partition: number }[],
  ): Promise<NextPosition[]>
  /**
   * @throws SCHEMA_MISSING, SCHEMA_OUTDATED when the tables are not what this library needs.
   */
  checkSchema(): Promise<void>
}
