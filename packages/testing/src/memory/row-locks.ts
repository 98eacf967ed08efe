import { PigeonholeError } from '@pigeonhole/core'

/** A transaction, as far as locks know it. */
export interface LockOwner {
  readonly isOpen: boolean
}

interface Waiter {
  readonly owner: LockOwner
  readonly grant: () => void
  readonly refuse: (error: Error) => void
}

/** Locks that transactions hold until they end, in the order in which they ask. */
export class RowLocks {
  readonly #holders = new Map<string, LockOwner>()
  readonly #waiters = new Map<string, Waiter[]>()
  readonly #waitingFor = new Map<LockOwner, string>()

  /**
   * Resolves when `owner` holds the lock on `row`; at once if it does already.
   * @throws STORE_CONFLICT when whoever holds it waits for `owner`.
   */
  async acquire(owner: LockOwner, row: string): Promise<void> {
    // Nobody would ever give up what has ended already.
    if (!owner.isOpen) throw hasEnded()
    const holder = this.#holders.get(row)
    if (holder === owner) return
    if (holder === undefined) {
      this.#holders.set(row, owner)
      return
    }
    if (this.#leadsTo(holder, owner)) throw deadlock()
    this.#waitingFor.set(owner, row)
    await new Promise<void>((grant, refuse) => {
      this.#waiters.set(row, [...(this.#waiters.get(row) ?? []), { owner, grant, refuse }])
    })
  }

  /** Whether `owner` holds the lock on `row` now: it does not wait for another one. */
  acquireIfFree(owner: LockOwner, row: string): boolean {
    const holder = this.#holders.get(row)
    if (holder === undefined) this.#holders.set(row, owner)
    return holder === undefined || holder === owner
  }

  /** Gives up all locks of `owner`, which has ended, and hands each to whoever waits longest and has not ended. */
  releaseAll(owner: LockOwner): void {
    const row = this.#waitingFor.get(owner)
    const waiting = this.#waiters.get(row ?? '')?.find((waiter) => waiter.owner === owner)
    waiting?.refuse(hasEnded())
    this.#waitingFor.delete(owner)
    for (const [held, holder] of this.#holders) if (holder === owner) this.#handOver(held)
  }

  #handOver(row: string): void {
    this.#holders.delete(row)
    const [next, ...rest] = (this.#waiters.get(row) ?? []).filter(({ owner }) => owner.isOpen)
    this.#waiters.set(row, rest)
    if (!next) return
    this.#holders.set(row, next.owner)
    this.#waitingFor.delete(next.owner)
    next.grant()
  }

  // Whether `from` waits, through any number of holders, for a lock of `to`.
  #leadsTo(from: LockOwner, to: LockOwner): boolean {
    const seen = new Set<LockOwner>()
    let current: LockOwner | undefined = from
    while (current !== undefined && !seen.has(current)) {
      if (current === to) return true
      seen.add(current)
      const row: string | undefined = this.#waitingFor.get(current)
      current = row === undefined ? undefined : this.#holders.get(row)
    }
    return false
  }
}

function hasEnded(): Error {
  return new Error('The transaction has ended')
}

function deadlock(): PigeonholeError {
  return new PigeonholeError('STORE_CONFLICT', {
    message: 'Two transactions wait for each other: this one is given up. Run the same work again',
    details: {},
    retryable: true,
  })
}
