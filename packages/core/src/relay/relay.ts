import { Emitter, type EventSource } from '../events/emitter.js'
import type { Service, StopOptions } from '../lifecycle/service.js'
import { untilAborted } from '../lifecycle/until-aborted.js'
import type { OutboxStatus } from '../ports/relay-store.js'
import { drainOutbox, drainShards } from './drain.js'
import type { RelayEvents, ShardState } from './relay-events.js'
import { type RelayOptions, type ResolvedRelayOptions, resolveRelayOptions } from './relay-options.js'
import { ShardSet } from './shard-set.js'

/** A shard as this process runs it. */
export interface RelayShardStatus {
  readonly shard: number
  readonly state: ShardState
  /** Why it waits or has halted; undefined otherwise. */
  readonly error: unknown
}

/** What {@link Relay.status} tells. */
export interface RelayStatus {
  readonly name: string
  readonly shards: readonly RelayShardStatus[]
  /** The outbox as the database has it. */
  readonly outbox: OutboxStatus
}

/**
 * Moves the messages of an outbox to Kafka, each exactly once for `read_committed` consumers, in order per key.
 * Several relays of one name may run: of each shard of the outbox, one leads it and the others stand by. Each comes to lead as
 * many as the others, give or take one.
 */
export interface Relay extends Service, EventSource<RelayEvents> {
  readonly name: string
  /** What each shard of this process is doing: no server is asked. */
  readonly shards: readonly RelayShardStatus[]
  /**
   * Resolves when all that was committed before the call is confirmed by Kafka. The relay goes on.
   * @throws DEADLINE_EXCEEDED when `signal` aborts; STORE_UNAVAILABLE; the error of a shard that has halted.
   */
  drain(options?: { readonly signal?: AbortSignal }): Promise<void>
  /** @throws STORE_UNAVAILABLE */
  status(): Promise<RelayStatus>
  /** Looks at the outbox at once, instead of at the next poll. */
  wake(): void
}

/**
 * Creates a relay. It does nothing until it is started, and then waits, visibly, for whatever it needs.
 * @throws OPTION_INVALID
 */
export function createRelay(options: RelayOptions): Relay {
  return new ShardedRelay(resolveRelayOptions(options))
}

class ShardedRelay extends Emitter<RelayEvents> implements Relay {
  readonly name: string
  readonly stopped: Promise<void>
  readonly #options: ResolvedRelayOptions
  readonly #shards: ShardSet
  readonly #reading = new AbortController()
  readonly #hard = new AbortController()
  #running: Promise<unknown> | undefined
  #stopping: Promise<void> | undefined
  #resolveStopped: () => void = () => undefined

  constructor(options: ResolvedRelayOptions) {
    super('relay')
    this.name = options.name
    this.#options = options
    this.#shards = new ShardSet(options, this)
    this.stopped = new Promise((resolve) => {
      this.#resolveStopped = resolve
    })
  }

  get shards(): readonly RelayShardStatus[] {
    return this.#shards.all.map(({ number, state, error }) => ({ shard: number, state, error }))
  }

  async start(): Promise<void> {
    const signals = { reading: this.#reading.signal, hard: this.#hard.signal }
    this.#running ??= this.#options.tracing.unobserved(() => this.#shards.run(signals))
  }

  // Callers share one stop, but each caller's signal can end its draining.
  async stop({ signal }: StopOptions = {}): Promise<void> {
    const hurry = (): void => this.#hard.abort(new Error('the relay is told to stop at once'))
    if (signal?.aborted) hurry()
    else signal?.addEventListener('abort', hurry, { once: true })
    this.#stopping ??= this.#stop()
    await this.#stopping
    signal?.removeEventListener('abort', hurry)
  }

  async drain({ signal }: { readonly signal?: AbortSignal } = {}): Promise<void> {
    const { signal: never } = new AbortController()
    await drainOutbox(this.#options, this.#shards.all, signal ?? never)
  }

  async status(): Promise<RelayStatus> {
    return { name: this.name, shards: this.shards, outbox: await this.#options.store.readStatus() }
  }

  wake(): void {
    for (const shard of this.#shards.all) shard.wake()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
  }

  // Drain, stop reading, finish what is in flight, end the publisher; past the deadline, drop what is in flight.
  async #stop(): Promise<void> {
    this.#shards.settle()
    const deadline = new AbortController()
    const timer = this.#options.clock.sleep(this.#options.drainTimeoutMs, deadline.signal).then(() => {
      if (!deadline.signal.aborted) this.#hard.abort(new Error('the drain ran into its timeout'))
    })
    const led = this.#shards.all.filter((shard) => shard.leads)
    // A drain that fails loses nothing: what it leaves is in the outbox.
    const drained = drainShards(this.#options, led, this.#hard.signal)
    await untilAborted(drained, this.#hard.signal).catch(() => undefined)
    this.#reading.abort()
    await this.#running
    deadline.abort()
    await timer
    await this.#options.publisher.close()
    this.#resolveStopped()
  }
}
