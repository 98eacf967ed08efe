import { isPigeonholeError, PigeonholeError } from '../errors/pigeonhole-error.js'
import type { Emitter } from '../events/emitter.js'
import { untilAborted } from '../lifecycle/until-aborted.js'
import { within } from '../lifecycle/within.js'
import { backoffDelay } from '../retry/backoff.js'
import { ShardLease, type TurnOutcome } from './lease.js'
import { type OpenShard, openShard } from './opening.js'
import { FaultSearch } from './parking/fault-search.js'
import { Pipeline } from './pipeline.js'
import type { PipelineSignals } from './pipeline-parts.js'
import { Poll } from './poll.js'
import type { RelayEvents, ShardState } from './relay-events.js'
import type { ResolvedRelayOptions } from './relay-options.js'
import { Standstill } from './standstill.js'

/** When a shard ends. */
export interface ShardSignals {
  /** Aborts when nothing more is to be read. */
  readonly reading: AbortSignal
  /** Aborts when the shard has to end at once: what is in flight is left to the next opening. */
  readonly hard: AbortSignal
}

/** A relay's options, and what it holds leases as. */
type ShardOptions = ResolvedRelayOptions & { readonly holder?: string }

/** One shard's life in this process: standby, opening, publishing, waiting after a fault, halted on a divergence. */
export class Shard {
  readonly number: number
  readonly #options: ResolvedRelayOptions
  readonly #events: Emitter<RelayEvents>
  readonly #lease: ShardLease
  readonly #search: FaultSearch
  readonly #poll: Poll
  #state: ShardState = 'stopped'
  #error: unknown
  #leads = false
  #hasSent = false
  #attempt = 0
  /** When the shard was last opened. */
  #openedAt = Number.POSITIVE_INFINITY

  constructor(number: number, options: ShardOptions, events: Emitter<RelayEvents>) {
    this.number = number
    this.#options = options
    this.#events = events
    this.#lease = new ShardLease(number, options)
    this.#search = new FaultSearch(options.batchRows)
    this.#poll = new Poll(options)
    events.on('batch:published', ({ shard }) => {
      if (shard !== number) return
      this.#attempt = 0
      this.#hasSent = true
    })
  }

  get state(): ShardState {
    return this.#state
  }

  /** Why the shard waits or has halted; undefined otherwise. */
  get error(): unknown {
    return this.#error
  }

  /** Whether this process holds the shard's lease and is at work. */
  get leads(): boolean {
    return this.#leads
  }

  /** Whether a batch has gone out since it was last taken. */
  get hasSent(): boolean {
    return this.#hasSent
  }

  wake(): void {
    this.#poll.wake()
  }

  /**
   * Takes the lease from `holder`, if that one still has it. What cannot be opened then is given back: it was well where it was.
   */
  stealFrom(holder: string): void {
    this.#lease.stealFrom(holder)
  }

  /** Runs until `signals.reading` aborts, the shard halts, or the outbox no longer has it. Never rejects. */
  async run(signals: ShardSignals): Promise<void> {
    this.#change('waiting')
    while (!signals.reading.aborted && this.#state !== 'halted') {
      try {
        const outcome = await this.#turn(signals)
        if (outcome === 'retired') break
        if (isTaken(outcome)) await this.#hold(signals, outcome === 'stolen')
      } catch (error) {
        if (!signals.hard.aborted) await this.#backOff(error, signals.reading)
      }
    }
    if (this.#state !== 'halted') this.#change('stopped')
  }

  // A lease that is taken after nobody waits for it any more is given up whenever that is: it would have to run out for others.
  async #turn({ reading, hard }: ShardSignals): Promise<TurnOutcome> {
    const turn = this.#lease.take(reading, () => this.#change('standby'))
    try {
      return await untilAborted(turn, hard)
    } catch (error) {
      void turn
        .then((outcome) => (isTaken(outcome) ? this.#lease.release() : undefined))
        .catch(() => undefined)
      throw error
    }
  }

  // From the lease's taking to its loss or release.
  async #hold({ reading, hard }: ShardSignals, stolen: boolean): Promise<void> {
    this.#leads = true
    this.#hasSent = false
    this.#search.forget() // Another process may have settled it.
    this.#events.emit('lease:taken', { shard: this.number, stolen })
    const over = new AbortController()
    const lost = new AbortController()
    const keeping = this.#lease.keep(over.signal).catch((error: unknown) => lost.abort(error))
    let failure: unknown
    try {
      await this.#lead({ reading, leading: AbortSignal.any([hard, lost.signal]) }, stolen)
    } catch (error) {
      if (isPigeonholeError(error, 'LEASE_LOST')) lost.abort(error)
      else failure = error
    } finally {
      over.abort()
      await keeping
      this.#leads = false
      if (lost.signal.aborted) this.#loseLease(lost.signal.reason)
      else await this.#lease.release()
    }
    // Time for two looks of those who had it before.
    if (failure !== undefined) await this.#backOff(failure, reading, this.#options.renewMs)
  }

  // Whether another process has it, or the database is gone, only an answer of the database tells.
  #loseLease(reason: unknown): void {
    this.#change('waiting', reason)
    this.#events.emit('lease:lost', { shard: this.number })
  }

  // Opens and publishes, again after each fault, while the lease is held. Rejects with LEASE_LOST, where a guard has seen it
  // before the next renewal does, and with what stood in the way: of opening a stolen one at once, else once nothing has come
  // through for as long as the lease would have lasted a process that has died. Kafka, or a broker of it, may be out of reach of
  // this one alone.
  async #lead(signals: PipelineSignals, stolen: boolean): Promise<void> {
    const { clock, leaseMs } = this.#options
    let onTrial = stolen
    const standstill = new Standstill(clock)
    const ending = AbortSignal.any([signals.reading, signals.leading])
    while (!signals.leading.aborted && !signals.reading.aborted) {
      this.#change('opening', this.#error)
      let pipeline: Pipeline | undefined
      try {
        await this.#withOpenShard(signals.leading, (open) => {
          this.#change('publishing')
          onTrial = false
          this.#openedAt = this.#options.clock.now()
          const { number: batch } = open.confirmed
          this.#events.emit('shard:opened', { shard: this.number, batch, genesis: open.genesis })
          const parts = {
            options: this.#options,
            open,
            search: this.#search,
            poll: this.#poll,
            events: this.#events,
          }
          pipeline = new Pipeline(parts)
          return pipeline.run(signals)
        })
      } catch (error) {
        if (signals.leading.aborted) return
        if (isPigeonholeError(error, 'LEASE_LOST')) throw error
        if (pipeline) standstill.ended(pipeline)
        if (pipeline && this.#search.learn(error, pipeline)) continue
        if (halts(error)) return this.#change('halted', error)
        if (onTrial || standstill.ms >= leaseMs) throw error
        await this.#backOff(error, ending)
      }
    }
  }

  async #withOpenShard(leading: AbortSignal, work: (open: OpenShard) => Promise<void>): Promise<void> {
    const { clock, openTimeoutMs: ms } = this.#options
    const opening = openShard(this.#options, this.number, this.#lease.holder)
    const late = (): PigeonholeError => openedTooLate(this.number, ms)
    try {
      await work(await within(opening, { clock, ms, signal: leading, late }))
    } finally {
      // An opening that was given up may still resolve: its producer is dropped whenever it does.
      void opening.then(({ producer }) => producer.close()).catch(() => undefined)
    }
  }

  async #backOff(error: unknown, signal: AbortSignal, leastMs = 0): Promise<void> {
    const { backoff, clock } = this.#options
    // Faults that lie further apart than the longest delay are not one trouble: an idle shard publishes nothing that
    // would tell.
    if (clock.now() - this.#openedAt > backoff.maxMs) this.#attempt = 0
    this.#openedAt = Number.POSITIVE_INFINITY
    this.#attempt += 1
    const delayMs = Math.max(leastMs, backoffDelay(backoff, this.#attempt))
    this.#change('waiting', error)
    this.#events.emit('shard:reopening', { shard: this.number, error, attempt: this.#attempt, delayMs })
    await this.#options.clock.sleep(delayMs, signal)
  }

  #change(state: ShardState, error?: unknown): void {
    const changed = this.#state !== state || this.#error !== error
    this.#state = state
    this.#error = error
    if (changed) this.#events.emit('shard:changed', { shard: this.number, state, error })
  }
}

function isTaken(outcome: TurnOutcome): boolean {
  return outcome === 'taken' || outcome === 'stolen'
}

function openedTooLate(shard: number, ms: number): PigeonholeError<'DEADLINE_EXCEEDED'> {
  return new PigeonholeError('DEADLINE_EXCEEDED', {
    message: `Shard ${shard} was not opened within ${ms} ms (openTimeoutMs): a server does not answer. It opens again`,
    details: { operation: 'opening a shard' },
    retryable: true,
  })
}

// Going on after these could lose or repeat messages, and trying again would fence whoever is right.
function halts(error: unknown): boolean {
  return isPigeonholeError(
    error,
    'RELAY_IDENTITY_CHANGED',
    'RELAY_XID_AHEAD',
    'RELAY_CHECKPOINT_LOST',
    'RELAY_KAFKA_WENT_BACK',
    'RELAY_DATABASE_WENT_BACK',
    'KAFKAJS_UNSUPPORTED',
  )
}
