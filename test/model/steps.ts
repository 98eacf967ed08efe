import * as fc from 'fast-check'
import type { Fate } from './call-gate.js'

/** Faults after which a relay may have to halt, with the codes that are right then. */
export const divergences = {
  'fail over': ['RELAY_DATABASE_WENT_BACK'],
  restore: ['RELAY_DATABASE_WENT_BACK'],
  clone: ['RELAY_DATABASE_WENT_BACK'],
  copy: ['RELAY_IDENTITY_CHANGED'],
  move: ['RELAY_IDENTITY_CHANGED'],
  truncate: ['RELAY_KAFKA_WENT_BACK', 'RELAY_CHECKPOINT_LOST'],
  'lose topic': ['RELAY_CHECKPOINT_LOST'],
  'new cluster': ['RELAY_IDENTITY_CHANGED', 'RELAY_CHECKPOINT_LOST'],
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
  | { readonly do: 'refuse' | 'discard parked'; readonly choice: number }
  | { readonly do: 'accept' | 'retry parked' }
  | { readonly do: 'reshard'; readonly shards: number }
  | { readonly do: 'adopt' | 'kill operator' }
  | { readonly do: (typeof quietFaults)[number] }
  | { readonly do: Divergence }

/** A history: what is set up, and what happens. */
export interface History {
  readonly shards: number
  readonly relays: number
  readonly batchRows: number
  readonly steps: readonly Step[]
}

type Weighted = { readonly weight: number; readonly arbitrary: fc.Arbitrary<Step> }

const choice = fc.nat({ max: 30 })
const key = fc.nat({ max: 2 })
const rows = fc.integer({ min: 1, max: 3 })
const relay = fc.nat({ max: 2 })

function plain<Name extends Step['do']>(...names: readonly Name[]): fc.Arbitrary<{ readonly do: Name }> {
  return fc.record({ do: fc.constantFrom(...names) })
}

const run = fc.record({ do: fc.constant('run' as const), calls: fc.integer({ min: 1, max: 24 }), choice })
const fate = fc.record({
  do: fc.constant('fate' as const),
  fate: fc.constantFrom<Fate>('refused', 'reply-lost', 'late'),
  choice,
})
const time = fc.record({ do: fc.constant('time' as const), ms: fc.constantFrom(20, 200, 2_000, 12_000) })
const publish = fc.record({ do: fc.constant('publish' as const), key, rows, sync: fc.boolean() })
const strike = fc.record({
  do: fc.constantFrom('pause' as const, 'resume' as const, 'kill' as const),
  relay,
})

const ordinary: readonly Weighted[] = [
  { weight: 12, arbitrary: run },
  { weight: 4, arbitrary: fate },
  { weight: 4, arbitrary: time },
  { weight: 5, arbitrary: publish },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('begin' as const), key, rows }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('end' as const),
      choice,
      how: fc.constantFrom('sync' as const, 'async' as const, 'rollback' as const),
    }),
  },
  { weight: 3, arbitrary: strike },
  { weight: 3, arbitrary: plain(...quietFaults) },
]

/** What the broker refuses, and what an operator does about it. */
const refusals: readonly Weighted[] = [
  { weight: 3, arbitrary: fc.record({ do: fc.constant('refuse' as const), choice }) },
  { weight: 2, arbitrary: plain('accept') },
  { weight: 3, arbitrary: plain('retry parked') },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('discard parked' as const), choice }) },
]

/** An operator who divides the outbox anew. */
const divisions: readonly Weighted[] = [
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant('reshard' as const), shards: fc.integer({ min: 1, max: 3 }) }),
  },
  { weight: 1, arbitrary: plain('kill operator') },
]

const adoptions: readonly Weighted[] = [
  { weight: 3, arbitrary: plain('adopt') },
  { weight: 1, arbitrary: plain('kill operator') },
]

function some(maxLength: number, ...kinds: readonly (readonly Weighted[])[]): fc.Arbitrary<readonly Step[]> {
  return fc.array(fc.oneof(...kinds.flat()), { minLength: 1, maxLength, size: 'max' })
}

function inTurn(...parts: readonly fc.Arbitrary<readonly Step[] | Step>[]): fc.Arbitrary<readonly Step[]> {
  return fc.tuple(...parts).map((each) => each.flat())
}

/** Messages are sent, and nothing else happens. */
const lively: readonly Weighted[] = [
  { weight: 3, arbitrary: run },
  { weight: 2, arbitrary: publish },
]

/** Long enough for a lease to run out. */
const lease = fc.constant<Step>({ do: 'time', ms: 12_000 })

const anyDivergence = plain(...(Object.keys(divergences) as Divergence[]))

// Most histories have no divergence, so that nothing excuses a relay that stands still. None has two of them: they could make
// both sides forget the same batch, and nobody could tell then. The last four kinds are what a guard alone stands for that
// chance would rarely come to: a standby that is behind what was sent while a relay is between two statements, a copy whose relay
// takes turns with the original's, a log that loses its end, and a release that is struck step by step.
const steps: fc.Arbitrary<readonly Step[]> = fc.oneof(
  { weight: 4, arbitrary: fc.array(fc.oneof(...ordinary), { minLength: 5, maxLength: 60, size: 'max' }) },
  { weight: 3, arbitrary: some(60, ordinary, refusals) },
  { weight: 2, arbitrary: some(50, ordinary, divisions, refusals.slice(0, 3)) },
  { weight: 3, arbitrary: inTurn(some(40, ordinary), anyDivergence, some(40, ordinary, adoptions)) },
  {
    weight: 1,
    arbitrary: inTurn(
      some(8, lively),
      plain('replicate'),
      some(8, lively),
      plain('fail over'),
      some(16, lively),
    ),
  },
  {
    weight: 2,
    arbitrary: inTurn(some(8, lively), plain('clone'), some(8, lively), lease, some(24, lively)),
  },
  {
    weight: 1,
    arbitrary: inTurn(
      some(8, lively),
      plain('remember log'),
      some(12, lively),
      plain('truncate'),
      some(16, lively),
    ),
  },
  {
    weight: 3,
    arbitrary: inTurn(
      some(8, lively),
      fc.record({ do: fc.constant('refuse' as const), choice }),
      some(16, lively),
      plain('accept'),
      plain('retry parked'),
      some(10, [
        {
          weight: 4,
          arbitrary: fc.record({
            do: fc.constant('run' as const),
            calls: fc.integer({ min: 1, max: 4 }),
            choice,
          }),
        },
        { weight: 2, arbitrary: fate },
        { weight: 1, arbitrary: strike },
        { weight: 1, arbitrary: fc.record({ do: fc.constant('discard parked' as const), choice }) },
      ]),
      some(12, lively, refusals),
    ),
  },
)

/** Any history. */
export const histories: fc.Arbitrary<History> = fc.record({
  shards: fc.integer({ min: 1, max: 2 }),
  relays: fc.integer({ min: 1, max: 3 }),
  batchRows: fc.integer({ min: 1, max: 4 }),
  steps,
})
