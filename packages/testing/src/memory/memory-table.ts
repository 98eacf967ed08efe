import type { MemoryTransaction } from './memory-transaction.js'

/** Rows by key: what is committed, and for each transaction what it has changed itself. */
export class MemoryTable<Row> {
  readonly #committed = new Map<string, Row>()
  readonly #changed = new WeakMap<MemoryTransaction, Map<string, Row | undefined>>()

  /** The row as `tx` sees it; without one, as it is committed. @throws when nothing can be done in `tx` any more. */
  get(key: string, tx?: MemoryTransaction): Row | undefined {
    tx?.assertUsable()
    const changes = tx && this.#changed.get(tx)
    return changes?.has(key) ? changes.get(key) : this.#committed.get(key)
  }

  /** All rows as `tx` sees them; without one, as they are committed. @throws when nothing can be done in `tx` any more. */
  rows(tx?: MemoryTransaction): Row[] {
    tx?.assertUsable()
    const merged = new Map<string, Row | undefined>(this.#committed)
    for (const [key, row] of (tx && this.#changed.get(tx)) ?? []) merged.set(key, row)
    return [...merged.values()].filter((row) => row !== undefined)
  }

  /** What is committed, by key: a copy. */
  copy(): ReadonlyMap<string, Row> {
    return new Map(this.#committed)
  }

  /** Puts the committed rows back to what they were. */
  restore(rows: ReadonlyMap<string, Row>): void {
    this.#committed.clear()
    for (const [key, row] of rows) this.#committed.set(key, row)
  }

  /** Undefined deletes. */
  set(tx: MemoryTransaction, key: string, row: Row | undefined): void {
    tx.assertUsable()
    const changes = this.#changed.get(tx) ?? this.#begin(tx)
    changes.set(key, row)
  }

  #begin(tx: MemoryTransaction): Map<string, Row | undefined> {
    const changes = new Map<string, Row | undefined>()
    this.#changed.set(tx, changes)
    tx.onCommit(() => {
      for (const [key, row] of changes) {
        if (row === undefined) this.#committed.delete(key)
        else this.#committed.set(key, row)
      }
    })
    return changes
  }
}
