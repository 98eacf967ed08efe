import type { Cleaning, GuardedTransaction, RelayStore } from '@pigeonhole/core'

// A test is over before a partition is full or old.
const atOnce: Cleaning = { retentionMs: 0, partitionBytes: 0, partitionMs: 0 }

/** A store whose ring turns with every cleaning, so that a relay truncates all the time. */
export function withSmallPartitions(store: RelayStore): RelayStore {
  return replacing(store, {
    guarded: (guard, work) =>
      store.guarded(guard, (tx) =>
        work(replacing<GuardedTransaction>(tx, { reclaim: () => tx.reclaim(atOnce) })),
      ),
  })
}

function replacing<T extends object>(target: T, methods: Partial<T>): T {
  return new Proxy(target, {
    get(_, property) {
      if (property in methods) return Reflect.get(methods, property)
      const value: unknown = Reflect.get(target, property)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
}
