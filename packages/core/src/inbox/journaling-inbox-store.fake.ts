import type { InboxStore, NextPosition, Position, TransactionBounds } from '../ports/inbox-store.js'

/** An open transaction of {@link JournalingInboxStore}. */
export interface JournalingTx {
  readonly writes: Map<string, bigint>
  usable: boolean
}

/** A store in memory that commits or forgets a transaction's writes as a whole, and keeps a journal of its calls. */
export class JournalingInboxStore implements InboxStore<JournalingTx> {
  readonly journal: string[] = []
  readonly committed = new Map<string, bigint>()
  bounds: TransactionBounds | undefined
  /** What the next commits reject with, one after the other. */
  readonly commitErrors: unknown[] = []

  async transaction<R>(bounds: TransactionBounds, work: (tx: JournalingTx) => Promise<R>): Promise<R> {
    this.bounds = bounds
    this.journal.push('begin')
    const tx: JournalingTx = { writes: new Map(), usable: true }
    try {
      const result = await work(tx)
      const error = this.commitErrors.shift()
      if (error !== undefined) throw error
      for (const [row, value] of tx.writes) this.committed.set(row, value)
      this.journal.push('commit')
      return result
    } catch (error) {
      this.journal.push('rollback')
      throw error
    }
  }

  async advancePosition(
    tx: JournalingTx,
    inbox: string,
    { topic, partition, offset }: Position,
  ): Promise<boolean> {
    this.journal.push('position')
    const row = `position ${inbox} ${topic} ${partition}`
    if ((this.committed.get(row) ?? 0n) > offset) return false
    tx.writes.set(row, offset + 1n)
    return true
  }

  async insertMessageId(
    tx: JournalingTx,
    entry: { inbox: string; scope: string; id: string },
  ): Promise<boolean> {
    this.journal.push('id')
    const row = `id ${entry.inbox} ${entry.scope} ${entry.id}`
    if (this.committed.has(row)) return false
    tx.writes.set(row, 1n)
    return true
  }

  async isUsable(tx: JournalingTx): Promise<boolean> {
    this.journal.push('usable?')
    return tx.usable
  }

  async readPositions(
    inbox: string,
    partitions: readonly { readonly topic: string; readonly partition: number }[],
  ): Promise<NextPosition[]> {
    return partitions.flatMap(({ topic, partition }) => {
      const nextOffset = this.committed.get(`position ${inbox} ${topic} ${partition}`)
      return nextOffset === undefined ? [] : [{ topic, partition, nextOffset }]
    })
  }

  async checkSchema(): Promise<void> {
    this.journal.push('schema?')
  }
}
