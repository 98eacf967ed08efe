import type { InboxStore, NextPosition, ReceivedMessages, TransactionBounds } from '../ports/inbox-store.js'

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

  async receiveMessages(
    tx: JournalingTx,
    inbox: string,
    { range, ids }: ReceivedMessages,
  ): Promise<boolean[] | undefined> {
    this.journal.push(
      ['receive', ...(range ? ['position'] : []), ...(ids.length > 0 ? ['id'] : [])].join(' '),
    )
    if (range) {
      const row = `position ${inbox} ${range.topic} ${range.partition}`
      if ((this.committed.get(row) ?? 0n) > range.first) return undefined
      tx.writes.set(row, range.last + 1n)
    }
    return ids.map(({ scope, id }) => {
      const row = `id ${inbox} ${scope} ${id}`
      if (this.committed.has(row) || tx.writes.has(row)) return false
      tx.writes.set(row, 1n)
      return true
    })
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
