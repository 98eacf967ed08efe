import type { GuardedTransaction, RelayBatch } from '../ports/relay-store.js'

/** Deletes the intents below the confirmed batch. */
export class Cleaner {
  /** The batch below which none is left. */
  #cleaned = 0

  /** Whether there may be intents below the confirmed batch. */
  isDue(confirmed: RelayBatch): boolean {
    return confirmed.number !== this.#cleaned
  }

  /** Deletes them in the guarded transaction `tx`. */
  async clean(tx: GuardedTransaction, confirmed: RelayBatch): Promise<void> {
    if (!this.isDue(confirmed)) return
    await tx.deleteBatchesBelow(confirmed.number)
    // If the transaction fails after this, its shard opens again with a new cleaner.
    this.#cleaned = confirmed.number
  }
}
