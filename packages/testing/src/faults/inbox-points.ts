import type { InboxParking, InboxStore } from '@pigeonhole/core'
import { type Around, observeCalls, type ReachPoint } from './observe-calls.js'

type Work = (tx: object) => Promise<unknown>

/**
 * An inbox's store with `reach` called around everything it does: points `store.*`, `parking.*`, `claims.*` and `retention.*`, and
 * `store.transaction:committing` between a transaction's last statement and its COMMIT. For each method `m` that was called
 * with a transaction there is also `m:committing`, then, and `m:committed` behind the COMMIT, before anybody is told of it.
 */
export function observeInboxStore<Tx extends object>(
  store: InboxStore<Tx>,
  reach: ReachPoint,
): InboxStore<Tx> {
  const made = new WeakMap<object, Set<string>>()
  const note =
    (name: string): Around =>
    async (args, call) => {
      made.get(args[0] as object)?.add(name)
      return call(...args)
    }
  const transaction: Around = async ([bounds, work], call) => {
    const names = new Set<string>()
    const result = await call(bounds, async (tx: object) => {
      made.set(tx, names)
      const answer = await (work as Work)(tx)
      await reach('store.transaction:committing')
      for (const name of names) await reach(`${name}:committing`)
      return answer
    })
    for (const name of names) await reach(`${name}:committed`)
    return result
  }
  const inTransaction = ['parkFailed', 'parkBehind', 'readDue', 'removeDue', 'noteFailure'] as const
  const noted = Object.fromEntries(inTransaction.map((method) => [method, note(`parking.${method}`)]))
  const parking: InboxParking<Tx> = observeCalls('parking', store.parking, reach, noted)
  const receiveMessages = note('store.receiveMessages')
  // A spread reads each method through the observer.
  return {
    ...observeCalls('store', store, reach, { transaction, receiveMessages }),
    parking,
    claims: observeCalls('claims', store.claims, reach),
    retention: observeCalls('retention', store.retention, reach),
  }
}
