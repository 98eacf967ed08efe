import type { InboxStore, OutboxStore } from '@pigeonhole/core'
import type { MemoryStore } from '../memory/memory-store.js'
import type { MemoryTransaction } from '../memory/memory-transaction.js'
import type { CrashSwitch } from './crash-switch.js'

/** What an outbox and an inbox are created over. */
export type ClientStore<Tx> = OutboxStore<Tx> & InboxStore<Tx>

/** What a store of clients is made of. */
export interface ClientStoreParts<Tx extends object> {
  readonly memory: MemoryStore
  /** What the code under test is given for a transaction. */
  readonly client: (transaction: MemoryTransaction) => Tx
  readonly crash: CrashSwitch
}

/** A memory store whose transactions are the test's own clients, and which a test can have die in the middle of one. */
export function clientStore<Tx extends object>({
  memory,
  client,
  crash,
}: ClientStoreParts<Tx>): ClientStore<Tx> {
  const transactions = new WeakMap<object, MemoryTransaction>()
  // One that is no transaction of this store is refused by the store, with its own words.
  const of = (tx: Tx): MemoryTransaction => transactions.get(tx) ?? (tx as unknown as MemoryTransaction)
  const open = (transaction: MemoryTransaction): Tx => {
    const tx = client(transaction)
    transactions.set(tx, transaction)
    return tx
  }
  return {
    insertMessages: (tx, rows) => memory.insertMessages(of(tx), rows),
    lockKeys: (tx, keys) => memory.lockKeys(of(tx), keys),
    async transaction(bounds, work) {
      const result = await memory.transaction(bounds, async (transaction) => {
        const done = await work(open(transaction))
        if (crash.strikes('before commit')) {
          await transaction.rollback()
          return crash.die()
        }
        return done
      })
      return crash.strikes('after commit') ? crash.die() : result
    },
    receiveMessages: (tx, inbox, messages) => memory.receiveMessages(of(tx), inbox, messages),
    claims: memory.claims,
    retention: memory.retention,
    parking: {
      parkFailed: (tx, ...what) => memory.parking.parkFailed(of(tx), ...what),
      parkBehind: (tx, ...what) => memory.parking.parkBehind(of(tx), ...what),
      claimDue: (...what) => memory.parking.claimDue(...what),
      readDue: (tx, ...what) => memory.parking.readDue(of(tx), ...what),
      removeDue: (tx, ...what) => memory.parking.removeDue(of(tx), ...what),
      unblockKey: (...what) => memory.parking.unblockKey(...what),
      noteFailure: (tx, ...what) => memory.parking.noteFailure(of(tx), ...what),
      returnClaim: (...what) => memory.parking.returnClaim(...what),
      leaveKey: (...what) => memory.parking.leaveKey(...what),
    },
    isUsable: (tx) => memory.isUsable(of(tx)),
    readPositions: (inbox, partitions) => memory.readPositions(inbox, partitions),
    bindTopic: (...what) => memory.bindTopic(...what),
    checkSchema: () => memory.checkSchema(),
  }
}
