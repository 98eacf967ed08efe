import * as fc from 'fast-check'
import type { Fate } from './call-gate.js'

/** Faults after which a relay may have to halt, with the codes that are right then. */
export const divergences = {
  'fail over': ['RELAY_DATABASE_WENT_BACK'],
  restore: ['RELAY_DATABASE_WENT_BACK'],
  clone: ['RELAY_DATABASE_WENT_BACK'],
  copy: ['RELAY_IDENTITY_CHANGED'],
  truncate: ['RELAY_KAFKA_WENT_BACK', 'RELAY_CHECKPOINT_LOST'],
  'lose topic': ['RELAY_CHECKPOINT_LOST'],
  'new cluster': ['RELAY_IDENTITY_CHANGED', 'RELAY_CHECKPOINT_LOST'],
  refuse: [],
} as const

/** A fault after which a relay may have to halt. */
export type Divergence = keyof typeof divergences

const quietFaults = [
  'flush',
  'replicate',
  'crash',
  'back up',
  'markers',
  'time out',
  'compact',
  'remember log',
] as const

/** One step of a history. Numbers choose among what there is at that moment. */
export type Step =
  | { readonly do: 'run'; readonly calls: number; readonly choice: number }
  | { readonly do: 'fate'; readonly fate: Fate; readonly choice: number }
  | { readonly do: 'time'; readonly ms: number }
  | { readonly do: 'publish'; readonly key: number; readonly rows: number; readonly sync: boolean }
  | { readonly do: 'begin'; readonly key: number; readonly rows: number }
  | { readonly do: 'end'; readonly choice: number; readonly how: 'sync' | 'async' | 'rollback' }
  | { readonly do: 'pause' | 'resume' | 'kill'; readonly relay: number }
  | { readonly do: (typeof quietFaults)[number] }
  | { readonly do: Divergence }

/** A history: what is set up, and what happens. */
export interface History {
  readonly shards: number
  readonly relays: number
  readonly batchRows: number
  readonly steps: readonly Step[]
}

const choice = fc.nat({ max: 30 })
const key = fc.nat({ max: 2 })
const rows = fc.integer({ min: 1, max: 3 })
const relay = fc.nat({ max: 2 })

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.record({ do: fc.constant('run' as const), calls: fc.integer({ min: 1, max: 24 }), choice }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('fate' as const),
      fate: fc.constantFrom<Fate>('refused', 'reply-lost', 'late'),
      choice,
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constant('time' as const), ms: fc.constantFrom(20, 200, 2_000, 12_000) }),
  },
  { weight: 5, arbitrary: fc.record({ do: fc.constant('publish' as const), key, rows, sync: fc.boolean() }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('begin' as const), key, rows }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('end' as const),
      choice,
      how: fc.constantFrom('sync' as const, 'async' as const, 'rollback' as const),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constantFrom('pause' as const, 'resume' as const, 'kill' as const),
      relay,
    }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constantFrom(...quietFaults) }) },
)

// Most histories have none, so that nothing excuses a relay that stands still.
const divergence: fc.Arbitrary<Step> = fc.record({
  do: fc.constantFrom(...(Object.keys(divergences) as Divergence[])),
})

// Two of them could make both sides forget the same batch, and nobody could tell then.
const steps: fc.Arbitrary<readonly Step[]> = fc.oneof(
  { weight: 2, arbitrary: fc.array(step, { minLength: 5, maxLength: 60, size: 'max' }) },
  {
    weight: 1,
    arbitrary: fc
      .tuple(
        fc.array(step, { minLength: 1, maxLength: 40, size: 'max' }),
        divergence,
        fc.array(step, { maxLength: 40, size: 'max' }),
      )
      .map(([before, one, after]) => [...before, one, ...after]),
  },
)

/** Any history. */
export const histories: fc.Arbitrary<History> = fc.record({
  shards: fc.integer({ min: 1, max: 2 }),
  relays: fc.integer({ min: 1, max: 3 }),
  batchRows: fc.integer({ min: 1, max: 4 }),
  steps,
})
