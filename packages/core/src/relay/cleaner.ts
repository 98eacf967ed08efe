import {
  type GuardedTransaction,
  originCursor,
  type PageBounds,
  type RelayBatch,
} from '../ports/relay-store.js'

/**
 * Deletes what is confirmed: rows of the outbox behind the confirmed cursor, and the intents below it. Never behind an
 * intent, which Kafka may yet refuse.
 */
export class Cleaner {
  readonly #lot: PageBounds
  /** The snapshot up to which everything is deleted. */
  #cleaned = originCursor.from

  /** `lot`: bounds of what one transaction deletes, so that it ends in time, however large the messages are. */
  constructor(lot: PageBounds) {
    this.#lot = lot
  }

  /** Whether messages that are visible in the confirmed cursor's snapshot may still be there. */
  isDue(confirmed: RelayBatch): boolean {
    return confirmed.cursor.from !== this.#cleaned
  }

  /** Deletes one bounded lot in the guarded transaction `tx`. Resolves to the number of messages. */
  async clean(tx: GuardedTransaction, confirmed: RelayBatch): Promise<number> {
    if (!this.isDue(confirmed)) return 0
    await tx.deleteBatchesBelow(confirmed.number)
    const { rows, more } = await tx.deletePublished(confirmed.cursor, this.#lot)
    // If the transaction fails after this, its shard opens again with a new cleaner.
    if (!more) this.#cleaned = confirmed.cursor.from
    return rows
  }
}
