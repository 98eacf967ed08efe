import type { LockOwner } from './row-locks.js'

/** What a transaction needs of its database. */
export interface TransactionHome {
  /** Gives out the next transaction id. */
  assignXid(): number
  /** Hears of the end of a transaction, once its effects are there. */
  ended(tx: MemoryTransaction, xid: number | undefined): void
}

/**
 * A transaction of a memory store. Nothing of it is seen by others until it commits, and then everything at once.
 * End it with `commit` or `rollback`.
 */
export class MemoryTransaction implements LockOwner {
  readonly #home: TransactionHome
  readonly #effects: (() => void)[] = []
  #state: 'open' | 'failed' | 'ended' = 'open'
  #xid: number | undefined

  constructor(home: TransactionHome) {
    this.#home = home
  }

  /** Whether it has not ended yet. */
  get isOpen(): boolean {
    return this.#state !== 'ended'
  }

  /** Whether it can still commit. */
  get isUsable(): boolean {
    return this.#state === 'open'
  }

  /** Its id, given to it when it is first asked for, as PostgreSQL does at the first write. */
  get xid(): number {
    this.#xid ??= this.#home.assignXid()
    return this.#xid
  }

  /** Runs `effect` when and if the transaction commits: this is how a test's own fakes take part in it. */
  onCommit(effect: () => void): void {
    this.assertUsable()
    this.#effects.push(effect)
  }

  /** Fails it, as a refused statement does: nothing can be done in it any more, and it cannot commit. */
  fail(): void {
    if (this.#state === 'open') this.#state = 'failed'
  }

  /** @throws when it has failed: it is rolled back then. */
  async commit(): Promise<void> {
    if (this.#state === 'failed') await this.rollback()
    this.assertUsable()
    for (const effect of this.#effects) effect()
    this.#end()
  }

  /** Harmless when it has ended. */
  async rollback(): Promise<void> {
    if (this.isOpen) this.#end()
  }

  #end(): void {
    this.#state = 'ended'
    this.#home.ended(this, this.#xid)
  }

  /** @throws when nothing can be done in it any more. */
  assertUsable(): void {
    if (this.#state === 'failed') throw new Error('The transaction has failed: roll it back')
    if (this.#state === 'ended') throw new Error('The transaction has ended')
  }
}
