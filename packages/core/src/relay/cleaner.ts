import type { GuardedTransaction, RelayBatch } from '../ports/relay-store.js'
import { orphaned } from './orphaned.js'

// Small batches leave their cleaning to a later one, until a tenth of a full batch is there: a statement less before
// what was committed just now is sent.
const smallLots = 10

/** Deletes the intents of a shard below the confirmed batch. */
export class Cleaner {
  readonly #shard: number
  readonly #batchRows: number
  /** The batch below which none is left. */
  #cleaned = 0
  /** Rows confirmed since intents were last deleted. What an earlier opening left behind counts, however much it is. */
  #uncleaned = Number.POSITIVE_INFINITY

  constructor(shard: number, batchRows: number) {
    this.#shard = shard
    this.#batchRows = batchRows
  }

  /** Whether there may be intents below the confirmed batch. */
  isDue(confirmed: RelayBatch): boolean {
    return confirmed.number !== this.#cleaned
  }

  /** Rows that have been confirmed since. */
  confirmed(rows: number): void {
    this.#uncleaned += rows
  }

  /** Whether so much is confirmed that an intent may take the cleaning along. */
  get isWorthIt(): boolean {
    return this.#uncleaned * smallLots >= this.#batchRows
  }

  /** Deletes them in the guarded transaction `tx`. */
  async clean(tx: GuardedTransaction, confirmed: RelayBatch): Promise<void> {
    if (this.isDue(confirmed)) await tx.deleteBatchesBelow(confirmed.number)
    // If the transaction fails after this, its shard opens again with a new cleaner.
    this.#cleaned = confirmed.number
    this.#uncleaned = 0
  }

  /**
   * As {@link clean}, where no intent is written. An intent is behind its parent or not written; here the parent is looked for. A standby
   * that was promoted without the last transactions has the lease as it was, and gives new messages ids that the cursor has in it: they
   * would be deleted as if they had been sent.
   * @throws INTENT_ORPHANED
   */
  async cleanAtRest(tx: GuardedTransaction, confirmed: RelayBatch): Promise<void> {
    const { batches } = await tx.readFacts()
    const isThere = batches.some(
      ({ number, token }) => number === confirmed.number && token === confirmed.token,
    )
    if (!isThere) throw orphaned(this.#shard, confirmed.number + 1)
    await this.clean(tx, confirmed)
  }
}
