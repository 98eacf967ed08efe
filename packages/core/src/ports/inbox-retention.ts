/** Which ids an inbox forgets at once. */
export interface ForgetTerms {
  /** For so long each is kept, in milliseconds by the clock of the database, since its message was received. */
  readonly keepMs: number
  /** So many at most, the oldest. */
  readonly limit: number
}

/** How an inbox forgets the ids of messages that will not come again. */
export interface InboxRetention {
  /**
   * Forgets ids, in a transaction of its own, and resolves to how many. None while the inbox is behind a position from which it
   * was rewound: messages whose ids it has are read again. Takes turns with others who forget, and with a rewind.
   */
  forget(inbox: string, terms: ForgetTerms): Promise<number>
}
