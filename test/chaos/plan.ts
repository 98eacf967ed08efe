import { Random } from './random.js'
import { type Occasion, occasions, type Strike, StrikePlan } from './strikes.js'

/**
 * The faults by what they break. Those of one lane come one after the other, those of different lanes at the same time:
 * a broker may be down while PostgreSQL crashes, but two brokers are never down at once.
 */
export const lanes = {
  relays: ['relay killed', 'relay paused'],
  brokers: ['broker killed', 'broker paused'],
  database: [
    'database killed',
    'database killed behind a burst',
    'database paused',
    'PgBouncer killed',
    'PgBouncer paused',
  ],
  kafkaNetwork: [
    'Kafka connections cut',
    'Kafka connections delayed',
    'Kafka connections half-open',
    'Kafka unreachable',
    'EndTxn reply lost',
    'EndTxn request lost',
    'Produce reply lost',
    'Produce request lost',
    'InitProducerId reply lost',
  ],
  databaseNetwork: [
    'PostgreSQL connections cut',
    'PostgreSQL connections delayed',
    'PostgreSQL connections half-open',
    'PostgreSQL unreachable',
    'COMMIT reply lost',
    'COMMIT request lost',
  ],
  otherDatabases: ['long transaction elsewhere'],
  operators: ['outbox divided anew', 'records too large', 'topic missing'],
  consumers: ['consumer killed', 'consumer paused', 'consumer leaves'],
} as const

/** What breaks at the same time as what other lanes break. */
export type Lane = keyof typeof lanes

/** What a process does to itself when it reaches a named point. */
export const pointKinds = [
  'first opening killed at a point',
  'first opening paused at a point',
  'relay killed at a point',
  'relay paused at a point',
  'resharding killed at a point',
  'resharding paused at a point',
  'parked retry killed at a point',
  'parked retry paused at a point',
  'adoption killed at a point',
  'adoption paused at a point',
  'consumer killed at a point',
  'consumer paused at a point',
] as const satisfies readonly `${Occasion} ${'killed' | 'paused'} at a point`[]

/** What befalls the outboxes that are there to be opened and adopted. */
export const sideKinds = ['checkpoint topic deleted'] as const

/** A fault of a lane. */
export type StepKind = (typeof lanes)[Lane][number]

/** Every kind of fault. */
export type FaultKind = StepKind | (typeof pointKinds)[number] | (typeof sideKinds)[number]

/** Every kind, in the order of a report. */
export const faultKinds: readonly FaultKind[] = [...pointKinds, ...sideKinds, ...Object.values(lanes).flat()]

/** One fault: when, what, on which of several targets, and for how long. */
export interface Step {
  readonly kind: StepKind
  /** Milliseconds between the end of the lane's last fault and this one. */
  readonly gapMs: number
  readonly holdMs: number
  /** Picks among the targets there are: relays, brokers, proxies. */
  readonly target: number
  /** What becomes of the connection of a lost message. */
  readonly connection: 'cut' | 'half-open'
  /** How much later bytes arrive. */
  readonly delayMs: number
}

/** Milliseconds between two faults of a lane: an opening takes seconds, and faults that never let one end show nothing. */
const gaps: Readonly<Record<Lane, readonly [number, number]>> = {
  relays: [4_000, 12_000],
  brokers: [10_000, 20_000],
  database: [10_000, 20_000],
  kafkaNetwork: [1_000, 4_000],
  databaseNetwork: [3_000, 8_000],
  otherDatabases: [500, 2_000],
  operators: [1_000, 4_000],
  consumers: [2_000, 8_000],
}

/** Milliseconds that a fault lasts. */
const holds: Readonly<Record<Lane, readonly [number, number]>> = {
  relays: [200, 6_000],
  brokers: [500, 6_000],
  database: [200, 3_000],
  kafkaNetwork: [300, 3_000],
  databaseNetwork: [300, 3_000],
  otherDatabases: [2_000, 20_000],
  operators: [1_000, 6_000],
  consumers: [500, 9_000],
}

/** What a process does to itself, and how long a pause lasts. */
export interface Fate {
  readonly strike: Strike
  /** At which of its comings to the point: as early as it can be reached, or somewhat later. */
  readonly occurrence: number
  readonly signal: 'SIGKILL' | 'SIGSTOP'
  readonly holdMs: number
}

/**
 * What will be done, by a seed: kinds and targets are the same in the same order. Named points are given out in an order that
 * the seed determines, too, and given out again where nothing was struck. When all that comes, in terms of what the servers
 * are doing then, is the machine's.
 */
export class Plan {
  readonly seed: string
  /** What is left of each bag: every kind has its turn before one comes again. */
  readonly #bags = new Map<string, unknown[]>()
  readonly #randoms = new Map<string, Random>()
  readonly #strikes: Readonly<Record<Occasion, StrikePlan>>

  constructor(seed: string) {
    this.seed = seed
    const plans = Object.keys(occasions).map((it) => [it, new StrikePlan(seed, it as Occasion)])
    this.#strikes = Object.fromEntries(plans)
  }

  /** The next fault of a lane. */
  nextStep(lane: Lane): Step {
    const random = this.#random(lane)
    return {
      kind: this.#draw<StepKind>(lane, lanes[lane]),
      gapMs: random.between(...gaps[lane]),
      holdMs: random.between(...holds[lane]),
      target: random.between(0, 2 ** 20),
      connection: random.pick(['cut', 'half-open']),
      delayMs: random.between(20, 400),
    }
  }

  /** What becomes of the next process of an occasion. */
  nextFate(occasion: Occasion): Fate {
    const random = this.#random(`fate of ${occasion}`)
    const strike = this.#strikes[occasion].next()
    const later = strike.occurrence > 1 && occasion === 'relay' ? random.between(0, 3) : 0
    return {
      strike,
      occurrence: strike.occurrence + later,
      signal: random.between(1, 3) === 1 ? 'SIGSTOP' : 'SIGKILL',
      holdMs: random.between(200, 6_000),
    }
  }

  /** As {@link nextFate}, but a third end by another's hand. */
  nextLife(occasion: 'relay' | 'consumer' = 'relay'): Fate | undefined {
    const lives = this.#random(occasion === 'relay' ? 'lives' : `lives of ${occasion}`)
    return lives.between(1, 3) === 1 ? undefined : this.nextFate(occasion)
  }

  /** A process was struck where it was fated to be. */
  struck(occasion: Occasion, { strike }: Fate): void {
    this.#strikes[occasion].struck(strike)
  }

  #draw<T>(bag: string, items: readonly T[]): T {
    let left = this.#bags.get(bag) as T[] | undefined
    if (left === undefined || left.length === 0) {
      left = this.#random(`bag ${bag}`).shuffle(items)
      this.#bags.set(bag, left)
    }
    return left.pop() as T
  }

  #random(name: string): Random {
    let random = this.#randoms.get(name)
    if (random === undefined) {
      random = new Random(`${this.seed}/${name}`)
      this.#randoms.set(name, random)
    }
    return random
  }
}
