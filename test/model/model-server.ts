import { type MemoryImage, type MemoryStore, type MemoryTransaction, memoryStore } from '@pigeonhole/testing'

/** What a server has on disk, or a standby, or a backup. */
export interface ServerImage {
  readonly memory: MemoryImage
  readonly committed: readonly string[]
}

/** Whose a transaction is. */
interface Session {
  readonly process: object
  readonly begun: number
}

/**
 * A PostgreSQL server: what a writer committed with `synchronous_commit = off` is not on disk until something is flushed,
 * and a standby may be behind. It may crash, fail over, and be restored.
 */
export class ModelServer {
  readonly store: MemoryStore
  readonly #sessions = new Map<MemoryTransaction, Session>()
  #committed: readonly string[] = []
  #disk: ServerImage
  #standby: ServerImage
  #connections = new AbortController()

  constructor(image?: ServerImage) {
    this.store = memoryStore(image?.memory)
    this.#committed = image?.committed ?? []
    this.#disk = this.image()
    this.#standby = this.#disk
  }

  /** Ids of the messages of all transactions that count as committed, in the order of the commits. */
  get committed(): readonly string[] {
    return this.#committed
  }

  image(): ServerImage {
    return { memory: this.store.image(), committed: this.#committed }
  }

  /** Commits a writer's transaction with its messages. */
  async commit(tx: MemoryTransaction, ids: readonly string[], isSynchronous: boolean): Promise<void> {
    tx.onCommit(() => {
      this.#committed = [...this.#committed, ...ids]
    })
    await tx.commit()
    if (isSynchronous) this.flush()
  }

  /** Aborts when every connection is cut. */
  get connections(): AbortSignal {
    return this.#connections.signal
  }

  /** Runs `begin`, and notes the transactions that it begins as those of `process`. */
  track<R>(process: object, now: number, begin: () => R): R {
    const before = new Set(this.store.openTransactions)
    const result = begin()
    for (const tx of this.store.openTransactions)
      if (!before.has(tx)) this.#sessions.set(tx, { process, begun: now })
    return result
  }

  flush(): void {
    this.#disk = this.image()
  }

  replicate(): void {
    this.#standby = this.#disk
  }

  crash(): void {
    this.#restart(this.#disk)
  }

  /** The standby takes over, without what it has not received. */
  failOver(): void {
    this.#restart(this.#standby)
  }

  restore(image: ServerImage): void {
    this.#restart(image)
  }

  /** Ends the sessions of a process that is gone. */
  disconnect(process: object): void {
    for (const [tx, session] of this.#sessions) if (session.process === process) void tx.rollback()
  }

  /** idle_in_transaction_session_timeout. */
  endIdle(now: number, timeoutMs: number): void {
    for (const [tx, { begun }] of this.#sessions) {
      if (!tx.isOpen) this.#sessions.delete(tx)
      else if (now - begun >= timeoutMs) void tx.rollback()
    }
  }

  #restart(image: ServerImage): void {
    this.store.restore(image.memory)
    this.#committed = image.committed
    this.#disk = image
    this.#standby = image
    this.#connections.abort()
    this.#connections = new AbortController()
  }
}
