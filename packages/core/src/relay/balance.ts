import type { HeldShard } from '../ports/shard-map.js'
import type { ResolvedRelayOptions } from './relay-options.js'
import type { Shard } from './shard.js'

type BalanceOptions = Pick<ResolvedRelayOptions, 'name' | 'clock' | 'publisher' | 'renewMs' | 'leaseMs'>

/** What a balance looks at of a shard that this process runs, and does with it. */
export type BalancedShard = Pick<Shard, 'number' | 'state' | 'leads' | 'hasSent' | 'stealFrom'>

/** A shard to take from who holds it. */
export interface Theft {
  readonly shard: number
  readonly holder: string
}

/** Longest pause after a theft that failed, in leases. */
const longestPause = 64

/** How long a shard to which nothing is published is on trial, in leases: a stuck one is given back before. */
const longestTrial = 3

/**
 * Spreads the shards of an outbox over the processes that run: one that has at least two shards less than another takes one from
 * the one that has most. Each theft makes the two more alike, so that it ends where no two processes are more than one apart, and
 * nobody needs to know who is there. What is sent stays right without any of this: a theft is what a takeover is, before the
 * lease has run out.
 */
export class Balance {
  readonly #options: BalanceOptions
  readonly #holder: string
  #ended = false
  #asking = false
  /** What was taken and has not sent anything, and when. */
  readonly #onTrial = new Map<BalancedShard, number>()
  #failures = 0
  #notBefore = Number.NEGATIVE_INFINITY

  constructor(options: BalanceOptions, holder: string) {
    this.#options = options
    this.#holder = holder
  }

  /** Nothing is taken from now on. */
  end(): void {
    this.#ended = true
  }

  /** Takes one shard of `map` from another process, if that is due. Never rejects. */
  async look(map: readonly HeldShard[], shards: readonly BalancedShard[]): Promise<void> {
    this.#judge()
    const waits = this.#ended || this.#asking || this.#options.clock.now() < this.#notBefore
    if (waits || !shards.every(isWell)) return
    const theft = dueTheft(map, this.#holder)
    const taking = theft && shards.find(({ number, state }) => number === theft.shard && state === 'standby')
    if (!taking || !(await this.#reachesBroker()) || this.#ended) return
    this.#onTrial.set(taking, this.#options.clock.now())
    taking.stealFrom(theft.holder)
  }

  // One that cannot open what it takes, or send from there, would take it again and again from those who can.
  #judge(): void {
    const { clock, leaseMs } = this.#options
    for (const [shard, since] of this.#onTrial) {
      const isUndecided = !shard.hasSent && clock.now() - since < leaseMs * longestTrial
      if (shard.leads && isUndecided) continue
      this.#onTrial.delete(shard)
      if (shard.leads) this.#failures = 0
      else this.#rest()
    }
  }

  #rest(): void {
    const { clock, renewMs, leaseMs } = this.#options
    this.#failures += 1
    this.#notBefore = clock.now() + Math.min(renewMs * 2 ** this.#failures, leaseMs * longestPause)
  }

  // A broker that does not answer is found out here, and not while the shard is nobody's.
  async #reachesBroker(): Promise<boolean> {
    const { publisher, name } = this.#options
    this.#asking = true
    try {
      await publisher.connect(name)
      return true
    } catch {
      return false
    } finally {
      this.#asking = false
    }
  }
}

/**
 * What `holder` is to take: one of the shards of the process that has most of those which own something, if those are two more
 * than its own. An operator's command holds each shard under another id: it has one with each, and nothing is taken from it.
 */
export function dueTheft(map: readonly HeldShard[], holder: string): Theft | undefined {
  const ofEach = new Map<string, number[]>()
  for (const { shard, buckets, holder: one } of map)
    if (buckets !== null && one !== null) ofEach.set(one, [...(ofEach.get(one) ?? []), shard])
  const own = ofEach.get(holder)?.length ?? 0
  const [most] = [...ofEach].sort(([, a], [, b]) => b.length - a.length)
  const last = most?.[1].at(-1)
  if (!most || last === undefined || most[1].length - own < 2) return undefined
  return { shard: last, holder: most[0] }
}

// Whoever has trouble of its own takes nothing from those who have none.
function isWell({ state }: BalancedShard): boolean {
  return state === 'publishing' || state === 'standby'
}
