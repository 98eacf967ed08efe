/**
 * How many rows the next batch may have. After a refused batch its halves are tried, then their halves, each through a
 * fresh opening, until the one record that the broker refuses stands alone or everything of the batch has passed. A batch
 * that does not get through in time makes the next ones half as large: they grow again, slowly, with what passes.
 */
export class BatchSize {
  readonly #full: number
  /** What batches grow towards; below `full` after one that took too long. */
  #limit: number
  #size: number
  /** Rows of the refused batch that have not passed yet. */
  #suspects = 0

  constructor(full: number) {
    this.#full = full
    this.#limit = full
    this.#size = full
  }

  get rows(): number {
    return this.#size
  }

  /** A batch of `rows`, more than one, was refused for one of them. */
  refused(rows: number): void {
    if (this.#suspects === 0) this.#suspects = rows
    this.#size = Math.ceil(rows / 2)
  }

  /** What a batch was refused for is found: the others are not under suspicion. */
  found(): void {
    this.#suspects = 0
    this.#size = this.#limit
  }

  /** A batch of `rows` has not got through. */
  tooSlow(rows: number): void {
    this.#limit = Math.max(1, Math.floor(rows / 2))
    this.#size = Math.min(this.#size, this.#limit)
  }

  /** A batch of `rows` has passed. */
  passed(rows: number): void {
    if (this.#suspects > 0) {
      this.#suspects = Math.max(0, this.#suspects - rows)
      if (this.#suspects === 0) this.#size = this.#limit
    } else if (rows >= this.#limit && this.#limit < this.#full) {
      this.#limit = Math.min(this.#full, this.#limit + Math.ceil(this.#limit / 32))
      this.#size = this.#limit
    }
  }
}
