import { batchPoints, deletePoints, genesisPoints, type Point, reopeningPoints } from '../relay/points.js'
import type { Fault } from '../relay/relay-process-protocol.js'
import { Random } from './random.js'

/**
 * The faults by what they break. Those of one lane come one after the other, those of different lanes at the same time:
 * a broker may be down while PostgreSQL crashes, but two brokers are never down at once.
 */
export const lanes = {
  relays: ['relay killed', 'relay paused'],
  brokers: ['broker killed', 'broker paused'],
  database: ['database killed', 'database paused', 'PgBouncer killed'],
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
} as const

/** What breaks at the same time as what other lanes break. */
export type Lane = keyof typeof lanes

/** What is done to a relay by itself, when it reaches a named point. */
export const pointKinds = ['relay killed at a point', 'relay paused at a point'] as const

/** A fault of a lane. */
export type StepKind = (typeof lanes)[Lane][number]

/** Every kind of fault. */
export type FaultKind = StepKind | (typeof pointKinds)[number]

/** Every kind, in the order of a report. */
export const faultKinds: readonly FaultKind[] = [...pointKinds, ...Object.values(lanes).flat()]

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

/** Every named point of a relay's life, once. */
export const pointNames: readonly string[] = [
  ...new Set(
    [...genesisPoints, ...reopeningPoints, ...batchPoints, ...deletePoints].map(({ point }) => point),
  ),
]

/** Milliseconds between two faults of a lane: an opening takes seconds, and faults that never let one end show nothing. */
const gaps: Readonly<Record<Lane, readonly [number, number]>> = {
  relays: [4_000, 12_000],
  brokers: [10_000, 20_000],
  database: [10_000, 20_000],
  kafkaNetwork: [1_000, 4_000],
  databaseNetwork: [3_000, 8_000],
  otherDatabases: [500, 2_000],
}

/** Milliseconds that a fault lasts. */
const holds: Readonly<Record<Lane, readonly [number, number]>> = {
  relays: [200, 6_000],
  brokers: [500, 6_000],
  database: [200, 3_000],
  kafkaNetwork: [300, 3_000],
  databaseNetwork: [300, 3_000],
  otherDatabases: [2_000, 20_000],
}

/** A relay process's own fault, if it has one, and how long a pause lasts. */
export interface Life {
  readonly fault?: Fault
  readonly holdMs: number
}

/**
 * What will be done, by a seed alone: the same seed gives the same faults, targets and named points in the same order.
 * When they come, in terms of what the servers are doing then, is the machine's.
 */
export class Plan {
  readonly seed: string
  /** What is left of each bag: every kind, and every point, has its turn before one comes again. */
  readonly #bags = new Map<string, unknown[]>()
  readonly #randoms = new Map<string, Random>()

  constructor(seed: string) {
    this.seed = seed
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

  /** The next life of a relay of a database that has been relayed before. */
  nextLife(relay: number): Life {
    const name = `relay ${relay}`
    const random = this.#random(name)
    const holdMs = random.between(200, 6_000)
    // A third of the lives end by another's hand.
    if (random.between(1, 3) === 1) return { holdMs }
    const points = [...reopeningPoints, ...batchPoints, ...deletePoints]
    return { holdMs, fault: this.#fault(random, this.#draw(`points ${relay}`, points)) }
  }

  /** The first life of a relay of a new database: it may have to do the genesis. */
  firstLife(relay: number): Life {
    const random = this.#random(`genesis ${relay}`)
    return {
      holdMs: random.between(200, 3_000),
      fault: this.#fault(random, this.#draw('genesis', genesisPoints)),
    }
  }

  #fault(random: Random, { point, occurrence }: Point): Fault {
    const signal = random.between(1, 3) === 1 ? 'SIGSTOP' : 'SIGKILL'
    // As early as the point can be reached, or somewhat later.
    return { point, occurrence: occurrence + random.between(0, 3) * (occurrence > 1 ? 1 : 0), signal }
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
