/**
 * How many rows the next batch may have. After a refused batch its halves are tried, then their halves, each through a
 * fresh opening, until the one record that the broker refuses stands alone or everything of the batch has passed.
 */
export class BatchSize {
  readonly #full: number
  #size: number
  /** Rows of the refused batch that have not passed yet. */
  #suspects = 0

  constructor(full: number) {
    this.#full = full
    this.#size = full
  }

  get rows(): number {
    return this.#size
  }

  /** A batch of `rows` was refused. Resolves to whether it can be divided. */
  refused(rows: number): boolean {
    if (rows <= 1) return false
    if (this.#suspects === 0) this.#suspects = rows
    this.#size = Math.ceil(rows / 2)
    return true
  }

  /** A batch of `rows` has passed. */
  passed(rows: number): void {
    if (this.#suspects === 0) return
    this.#suspects = Math.max(0, this.#suspects - rows)
    if (this.#suspects === 0) this.#size = this.#full
  }
}
