import { randomUUID } from 'node:crypto'
import { PigeonholeError } from '../errors/pigeonhole-error.js'
import { type LinkedAbort, linkAbort } from '../lifecycle/linked-abort.js'
import type { Lease } from '../ports/relay-store.js'
import type { ResolvedRelayOptions } from './relay-options.js'
import { divideBuckets } from './shard-map.js'

type LeaseOptions = Pick<ResolvedRelayOptions, 'store' | 'clock' | 'leaseMs' | 'renewMs' | 'shards'> & {
  /** Who holds it. Default: an id of the lease's own, so that nobody is seen to hold several by it. */
  readonly holder?: string
}

/**
 * What became of a wait for a lease. `stolen`: taken from a process that had it. `retired`: the outbox has no such shard, or no
 * longer.
 */
export type TurnOutcome = 'taken' | 'stolen' | 'retired' | 'aborted'

/**
 * Whose turn a shard is. A lease keeps two relays from fencing each other all the time and nothing more: what is sent
 * is right without it, by the guard's token and Kafka's fencing. An observer judges a holder by its own monotonic clock.
 */
export class ShardLease {
  /** Identifies the process whose turn at the shard it is. */
  readonly holder: string
  readonly #options: LeaseOptions
  readonly shard: number
  /** Who it is to be stolen from, at the next look. */
  #victim: string | undefined
  #sleeping: LinkedAbort | undefined

  constructor(shard: number, options: LeaseOptions) {
    this.shard = shard
    this.holder = options.holder ?? randomUUID()
    this.#options = options
  }

  /** Has a standby take the lease at once if `holder` still has it then: nobody else's. */
  stealFrom(holder: string): void {
    this.#victim = holder
    this.#sleeping?.abort()
  }

  /**
   * Waits as a standby until the lease is free, given up, not renewed for its length, or to be stolen, and takes it. Calls
   * `onHeld` at each look that finds it with another process.
   */
  async take(signal: AbortSignal, onHeld: () => void): Promise<TurnOutcome> {
    const { store, clock, leaseMs, renewMs } = this.#options
    let seen: { readonly lease: Lease; readonly at: number } | undefined
    this.#victim = undefined
    while (!signal.aborted) {
      const observed = await this.#read()
      if (!observed) return 'retired'
      if (!seen || !isSame(seen.lease, observed)) seen = { lease: observed, at: clock.now() }
      // Its own is one that it had given up for lost, while nobody else came.
      const unheld = observed.holder === null || observed.holder === this.holder
      if (!unheld) onHeld()
      const stolen = !unheld && observed.holder === this.#victim
      this.#victim = undefined
      const free = unheld || stolen || clock.now() - seen.at >= leaseMs
      if (free && (await store.takeLease({ shard: this.shard, holder: this.holder, observed })))
        return stolen ? 'stolen' : 'taken'
      await this.#sleep(renewMs / 2, signal)
    }
    return 'aborted'
  }

  // Until the next look, or until the lease is to be stolen.
  async #sleep(ms: number, signal: AbortSignal): Promise<void> {
    const sleeping = linkAbort(signal)
    this.#sleeping = sleeping
    if (this.#victim === undefined) await this.#options.clock.sleep(ms, sleeping.signal)
    sleeping.unlink()
    this.#sleeping = undefined
  }

  /** Takes the lease, whoever has it. */
  async seize(): Promise<void> {
    await this.#options.store.seizeLease({ shard: this.shard, holder: this.holder })
  }

  /**
   * Renews until `signal` aborts.
   * @throws LEASE_LOST when another process holds it, or when no renewal was answered for the lease's length.
   */
  async keep(signal: AbortSignal): Promise<void> {
    const { clock, leaseMs, renewMs } = this.#options
    let renewed = clock.now()
    for (;;) {
      await clock.sleep(renewMs, signal)
      if (signal.aborted) return
      const asked = clock.now()
      if (await this.#renew(signal, renewed + leaseMs - asked)) renewed = asked
      else if (clock.now() - renewed >= leaseMs)
        throw this.lost('no renewal was answered for its whole length')
    }
  }

  /** Gives the lease up, so that a standby takes over at once. A store that does not answer lets it run out instead. */
  async release(): Promise<void> {
    await this.#options.store.releaseLease({ shard: this.shard, holder: this.holder }).catch(() => undefined)
  }

  lost(why: string): PigeonholeError<'LEASE_LOST'> {
    return new PigeonholeError('LEASE_LOST', {
      message: `The lease of shard ${this.shard} is lost: ${why}. This relay is a standby now`,
      details: { shard: this.shard },
      retryable: true,
    })
  }

  // An outbox without shards gets those of this relay's own configuration.
  async #read(): Promise<Lease | null> {
    const { store, shards } = this.#options
    const found = await store.readLease(this.shard)
    if (found) return found
    await store.provideShards(divideBuckets(shards))
    return store.readLease(this.shard)
  }

  // Resolves to false when the store did not answer: only time decides what that means.
  async #renew(signal: AbortSignal, remainingMs: number): Promise<boolean> {
    const { store, clock } = this.#options
    const unanswered = linkAbort(signal)
    const expired = clock.sleep(Math.max(0, remainingMs), unanswered.signal).then(() => undefined)
    const answer = store.renewLease({ shard: this.shard, holder: this.holder }).catch(() => undefined)
    const held = await Promise.race([answer, expired])
    unanswered.abort()
    unanswered.unlink()
    if (held === false) throw this.lost('another process has taken it')
    return held === true
  }
}

function isSame(a: Lease, b: Lease): boolean {
  return a.holder === b.holder && a.token === b.token && a.renewal === b.renewal
}
