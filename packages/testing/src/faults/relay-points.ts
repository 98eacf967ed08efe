import type { GuardedTransaction, RelayPublisher, RelayStore, ShardProducer } from '@pigeonhole/core'
import { type Around, observeCalls, type ReachPoint } from './observe-calls.js'

/**
 * A relay's store with `reach` called around everything it does: points `store.*`, `tx.*` inside a guarded
 * transaction, and `store.guarded:committing` between its last statement and its COMMIT. For each method `m` that the
 * transaction has called there is also `tx.m:committing`, then, and `tx.m:committed` behind the COMMIT, before anybody is
 * told of it.
 */
export function observeRelayStore(store: RelayStore, reach: ReachPoint): RelayStore {
  const guarded: Around = async ([guard, work], call) => {
    const made = new Set<string>()
    const observe = (point: string): void | Promise<void> => {
      made.add(point.slice(0, point.indexOf(':')))
      return reach(point)
    }
    const result = await call(guard, async (tx: GuardedTransaction): Promise<unknown> => {
      const answer = await (work as (tx: GuardedTransaction) => Promise<unknown>)(
        observeCalls('tx', tx, observe),
      )
      await reach('store.guarded:committing')
      for (const name of made) await reach(`${name}:committing`)
      return answer
    })
    for (const name of made) await reach(`${name}:committed`)
    return result
  }
  return observeCalls('store', store, reach, { guarded })
}

/** A relay's publisher with `reach` called around everything it does: points `publisher.*` and `producer.*`. */
export function observeRelayPublisher(publisher: RelayPublisher, reach: ReachPoint): RelayPublisher {
  const fence: Around = async (args, call) =>
    observeCalls('producer', (await call(...args)) as ShardProducer, reach)
  return observeCalls('publisher', publisher, reach, { fence })
}
