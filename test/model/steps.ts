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
  | { readonly do: 'adopt' | 'kill operator' | 'pause operator' | 'resume operator' }
  | { readonly do: 'advance'; readonly relay: number; readonly until: string }
  | { readonly do: 'let through'; readonly relay: number; readonly call: string }
  | { readonly do: 'advance operator'; readonly until: string }
  | { readonly do: (typeof quietFaults)[number] }
  | { readonly do: Divergence }

/** A history: what is set up, and what happens. */
export interface History {
  readonly shards: number
  readonly relays: number
  readonly batchRows: number
  /** Longest pause of a relay at rest in milliseconds. Default: 2,000. */
  readonly idlePollMs?: number
  /** Whether looks for messages go no further now and then, as where other shards have many. Default: false. */
  readonly looksInVain?: boolean
  readonly steps: readonly Step[]
}

/** A kind of step, and how often it comes. */
export type Weighted = { readonly weight: number; readonly arbitrary: fc.Arbitrary<Step> }

/** Chooses among what there is. */
export const choice = fc.nat({ max: 30 })
const key = fc.nat({ max: 2 })
const rows = fc.integer({ min: 1, max: 3 })
const relay = fc.nat({ max: 2 })

/** A step that chooses nothing. */
export function plain<Name extends Step['do']>(
  ...names: readonly Name[]
): fc.Arbitrary<{ readonly do: Name }> {
  return fc.record({ do: fc.constantFrom(...names) })
}

/** Calls are let through. */
export const run = fc.record({
  do: fc.constant('run' as const),
  calls: fc.integer({ min: 1, max: 24 }),
  choice,
})
/** A call that does not go well. */
export const fate = fc.record({
  do: fc.constant('fate' as const),
  fate: fc.constantFrom<Fate>('refused', 'reply-lost', 'late'),
  choice,
})
const time = fc.record({ do: fc.constant('time' as const), ms: fc.constantFrom(20, 200, 2_000, 12_000) })
/** A writer's transaction, at once. */
export const publish = fc.record({ do: fc.constant('publish' as const), key, rows, sync: fc.boolean() })
/** What befalls a relay's process. */
export const strike = fc.record({
  do: fc.constantFrom('pause' as const, 'resume' as const, 'kill' as const),
  relay,
})

/** What happens to every outbox. */
export const ordinary: readonly Weighted[] = [
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
export const refusals: readonly Weighted[] = [
  { weight: 3, arbitrary: fc.record({ do: fc.constant('refuse' as const), choice }) },
  { weight: 2, arbitrary: plain('accept') },
  { weight: 3, arbitrary: plain('retry parked') },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('discard parked' as const), choice }) },
]

/** An operator who divides the outbox anew. */
export const divisions: readonly Weighted[] = [
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant('reshard' as const), shards: fc.integer({ min: 1, max: 3 }) }),
  },
  { weight: 1, arbitrary: plain('kill operator') },
]

/** An operator who makes both sides agree. */
export const adoptions: readonly Weighted[] = [
  { weight: 3, arbitrary: plain('adopt') },
  { weight: 1, arbitrary: plain('kill operator') },
]

/** Steps of some kinds, at least one. */
export function some(
  maxLength: number,
  ...kinds: readonly (readonly Weighted[])[]
): fc.Arbitrary<readonly Step[]> {
  return fc.array(fc.oneof(...kinds.flat()), { minLength: 1, maxLength, size: 'max' })
}

/** Parts of a history, one behind the other. */
export function inTurn(
  ...parts: readonly fc.Arbitrary<readonly Step[] | Step>[]
): fc.Arbitrary<readonly Step[]> {
  return fc.tuple(...parts).map((each) => each.flat())
}

/** Messages are sent, and nothing else happens. */
export const lively: readonly Weighted[] = [
  { weight: 3, arbitrary: run },
  { weight: 2, arbitrary: publish },
]

/** Long enough for a lease to run out. */
export const lease = fc.constant<Step>({ do: 'time', ms: 12_000 })
