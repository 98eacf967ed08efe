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
      consumers: 0,
      sideOutboxes: 3,
    },
  })),
}

/** A run of some minutes with consumers, and less of what relays are broken by. */
export const shortConsumerRun: { readonly seed: string; readonly rounds: readonly Extent[] } = {
  seed: '5',
  rounds: Array.from({ length: 2 }, () => ({
    ms: 150_000,
    consumers: 3,
    most: {
      relays: 1,
      brokers: 2,
      database: 2,
      kafkaNetwork: 4,
      databaseNetwork: 4,
      otherDatabases: 1,
      operators: 1,
      consumers: 12,
      sideOutboxes: 0,
    },
  })),
}
