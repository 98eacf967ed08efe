import { lostCheckpointPoints } from '../relay/adopt-points.js'
import { consumerPoints } from '../relay/inbox-points.js'
import {
  batchPoints,
  deletePoints,
  genesisPoints,
  type Point,
  parkingPoints,
  refusalPoints,
  releasePoints,
  reopeningPoints,
  reshardPoints,
  retryPoints,
  topicPoints,
} from '../relay/points.js'
import { Random } from './random.js'

// A batch of parked messages comes by those of any other batch.
function isOfParking({ point }: Point): boolean {
  return !/^producer\.(begin|send|commit):(before|during|after)$/.test(point)
}

/** What a process is at when it is struck. The first opening of an outbox and an adoption have an outbox of their own. */
export const occasions = {
  'first opening': genesisPoints,
  relay: [
    ...reopeningPoints,
    ...batchPoints,
    ...deletePoints,
    ...[...parkingPoints, ...releasePoints, ...refusalPoints, ...topicPoints].filter(isOfParking),
  ],
  resharding: reshardPoints,
  'parked retry': retryPoints,
  adoption: lostCheckpointPoints,
  consumer: consumerPoints,
} as const satisfies Readonly<Record<string, readonly Point[]>>

/** What a process is at when it is struck. */
export type Occasion = keyof typeof occasions

/** A named point, at which a process is to be killed or paused. */
export interface Strike extends Point {
  /** Unique among all. */
  readonly name: string
}

/** Every named point, once: a relay that opens and one that publishes come by some of them both. */
export const strikes: Readonly<Record<Occasion, readonly Strike[]>> = {
  'first opening': named('first opening'),
  relay: named('relay'),
  resharding: named('resharding'),
  'parked retry': named('parked retry'),
  adoption: named('adoption'),
  consumer: named('consumer'),
}

function named(occasion: Occasion): Strike[] {
  const all = occasions[occasion].map(({ point, occurrence }) => ({
    name: `${occasion}: ${point} (${occurrence})`,
    point,
    occurrence,
  }))
  return [...new Map(all.map((strike) => [strike.name, strike])).values()]
}

/**
 * Which point is next: those where nothing has been struck yet come first, in an order that a seed determines. One that a
 * process did not come to, because something else ended it, waits until the others have had their turn.
 */
export class StrikePlan {
  readonly #random: Random
  readonly #all: readonly Strike[]
  readonly #open = new Set<Strike>()
  #waiting: Strike[] = []

  constructor(seed: string, occasion: Occasion) {
    this.#random = new Random(`${seed}/${occasion}`)
    this.#all = strikes[occasion]
    for (const strike of this.#all) this.#open.add(strike)
  }

  next(): Strike {
    if (this.#waiting.length === 0) {
      this.#waiting = this.#random.shuffle(this.#open.size > 0 ? [...this.#open] : this.#all)
    }
    return this.#waiting.pop() as Strike
  }

  /** A process was struck there. */
  struck(strike: Strike): void {
    this.#open.delete(strike)
    this.#waiting = this.#waiting.filter((it) => it !== strike)
  }
}
