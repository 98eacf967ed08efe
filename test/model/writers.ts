import type { MemoryTransaction } from '@pigeonhole/testing'
import type { ModelServer } from './model-server.js'

/** A message that a writer has published, in whatever transaction. */
export interface PublishedMessage {
  readonly id: string
  readonly key: number
}

interface OpenWriter {
  readonly server: ModelServer
  readonly tx: MemoryTransaction
  readonly key: number
  readonly ids: readonly string[]
}

/** Buckets of the keys: far apart, so that two shards share them. */
const buckets = [10, 120, 240]

/** The application: one open transaction a key at a time, as writers that lock their aggregate before they publish. */
export class Writers {
  readonly messages = new Map<string, PublishedMessage>()
  #open: OpenWriter[] = []

  /** Does nothing when the key is locked. */
  async begin(server: ModelServer, key: number, rows: number): Promise<void> {
    this.#open = this.#open.filter(({ tx }) => tx.isOpen)
    if (this.#open.some((other) => other.server === server && other.key === key)) return
    const tx = server.store.begin()
    const ids = Array.from({ length: rows }, () => this.#newMessage(key))
    this.#open.push({ server, tx, key, ids })
    await server.store.insertMessages(
      tx,
      ids.map((id) => ({
        id,
        topic: 'topic',
        key: Buffer.from([key]),
        partition: null,
        bucket: buckets[key] ?? 0,
        headers: [],
        payload: Buffer.from(id),
      })),
    )
  }

  /** Ends one of the open transactions. */
  async end(choice: number, how: 'sync' | 'async' | 'rollback'): Promise<void> {
    this.#open = this.#open.filter(({ tx }) => tx.isOpen)
    const writer = this.#open[choice % Math.max(1, this.#open.length)]
    if (!writer) return
    this.#open = this.#open.filter((other) => other !== writer)
    if (how === 'rollback') await writer.tx.rollback()
    else await writer.server.commit(writer.tx, writer.ids, how === 'sync')
  }

  async publish(server: ModelServer, message: { key: number; rows: number; sync: boolean }): Promise<void> {
    const before = this.#open.length
    await this.begin(server, message.key, message.rows)
    if (this.#open.length > before) await this.end(this.#open.length - 1, message.sync ? 'sync' : 'async')
  }

  async rollbackAll(): Promise<void> {
    while (this.#open.length > 0) await this.end(0, 'rollback')
  }

  bucketOf(id: string): number {
    return buckets[this.messages.get(id)?.key ?? 0] ?? 0
  }

  #newMessage(key: number): string {
    const id = `m${this.messages.size + 1}`
    this.messages.set(id, { id, key })
    return id
  }
}
