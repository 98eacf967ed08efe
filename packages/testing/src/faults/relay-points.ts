import type { GuardedTransaction, RelayPublisher, RelayStore, ShardProducer } from '@pigeonhole/core'
import { observeCalls, type ReachPoint } from './observe-calls.js'

/**
 * A relay's store with `reach` called around everything it does: points `store.*`, `tx.*` inside a guarded
 * transaction, and `store.guarded:committing` between its last statement and its COMMIT.
 */
export function observeRelayStore(store: RelayStore, reach: ReachPoint): RelayStore {
  const guarded = ([guard, work]: unknown[]): unknown[] => [
    guard,
    async (tx: GuardedTransaction): Promise<unknown> => {
      const result = await (work as (tx: GuardedTransaction) => Promise<unknown>)(
        observeCalls('tx', tx, reach),
      )
      await reach('store.guarded:committing')
      return result
    },
  ]
  return observeCalls('store', store, reach, { arguments: { guarded } })
}

/** A relay's publisher with `reach` called around everything it does: points `publisher.*` and `producer.*`. */
export function observeRelayPublisher(publisher: RelayPublisher, reach: ReachPoint): RelayPublisher {
  const fence = (producer: unknown): unknown => observeCalls('producer', producer as ShardProducer, reach)
  return observeCalls('publisher', publisher, reach, { result: { fence } })
}
