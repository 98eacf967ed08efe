import type { Extent } from './round.js'

/** A run of some minutes: so many faults, however long they take, unless a round takes far too long. */
export const shortRun: { readonly seed: string; readonly rounds: readonly Extent[] } = {
  seed: '4',
  rounds: Array.from({ length: 2 }, () => ({
    ms: 150_000,
    most: {
      relays: 3,
      brokers: 2,
      database: 3,
      kafkaNetwork: 9,
      databaseNetwork: 6,
      otherDatabases: 2,
      operators: 3,
      sideOutboxes: 3,
    },
  })),
}
