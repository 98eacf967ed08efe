import { type Clock, type Emitter, type Inbox, isMessageFault, isPigeonholeError } from '@pigeonhole/core'
import type { Consumer } from 'kafkajs'
import { type Attempt, brokerError } from '../publisher/broker-errors.js'
import { BrokerWatch } from './broker-watch.js'
import { attemptOf } from './crash.js'
import { DatabaseWatch } from './database-watch.js'
import type { Runner } from './kafkajs-runner.js'
import { LastCrash } from './last-crash.js'
import type { InboxRunEvents, PartitionPlace } from './run-inbox-events.js'

/** Whether a consumer handles messages: for a readiness probe, and for alarms. */
export interface InboxReadiness {
  readonly ready: boolean
  /** Why it is not: the code of an error, `JOINING` the group, or `STOPPED`. */
  readonly reason?: string
  /** The error's own words. */
  readonly message?: string
  /**
   * Partitions that are held at the moment, by the code of what holds them; `UNKNOWN` where a handler has thrown. One that a message
   * holds, which is tried again or parked, leaves the consumer ready.
   */
  readonly held: readonly (PartitionPlace & { readonly reason: string })[]
}

/** What a {@link RunReadiness} is made from. */
export interface RunReadinessSetup {
  readonly inbox: Pick<Inbox<never>, 'checkSchema' | 'on'>
  readonly clock: Clock
  readonly events: Emitter<InboxRunEvents>
}

const tickMs = 1_000
const consuming = 'consuming'

/** Knows whether a run handles messages, by its own events, what its brokers answer, and an occasional question to its database. */
export class RunReadiness {
  readonly #setup: RunReadinessSetup
  readonly #brokers: BrokerWatch
  readonly #database: DatabaseWatch
  readonly #lastCrash = new LastCrash()
  readonly #held = new Map<string, { readonly place: PartitionPlace; readonly error: unknown }>()
  readonly #closing = new AbortController()
  readonly #unsubscribe: readonly (() => void)[]
  /** What keeps the consumer out of its group. */
  #outside: unknown = 'JOINING'
  #attempt: Attempt = { doing: consuming }
  #told: string | undefined

  constructor(setup: RunReadinessSetup) {
    this.#setup = setup
    this.#brokers = new BrokerWatch(setup.clock)
    this.#database = new DatabaseWatch(setup.inbox, setup.clock)
    this.#unsubscribe = this.#hear()
  }

  get current(): InboxReadiness {
    const held = [...this.#held.values()].map(({ place, error }) => ({ ...place, reason: codeOf(error) }))
    const error = this.#findTrouble()
    if (error === undefined) return { ready: true, held }
    if (typeof error === 'string') return { ready: false, reason: error, held }
    const message = isPigeonholeError(error) ? { message: error.message } : {}
    return { ready: false, reason: codeOf(error), ...message, held }
  }

  /** Listens to `consumer`. Returns what ends that. */
  listen(consumer: Consumer): readonly (() => void)[] {
    return [
      ...this.#brokers.listen(consumer),
      consumer.on(consumer.events.REBALANCING, () => this.#leave('JOINING')),
      consumer.on(consumer.events.STOP, () => this.#brokers.forgetFetches()),
    ]
  }

  /** Another runner has begun. */
  follow(runner: Runner): void {
    this.#brokers.follow(runner)
    this.#attempt = attemptOf(runner.consumerGroup, consuming)
    // Also batches without messages come this way.
    const handleBatch = runner.handleBatch
    runner.handleBatch = async (batch) => {
      this.#lastCrash.read(batch.topic)
      await handleBatch.call(runner, batch)
    }
  }

  /** Looks from time to time, and tells what has changed. */
  start(): void {
    void this.#run()
  }

  close(): void {
    this.#outside = 'STOPPED'
    this.#closing.abort()
    for (const unsubscribe of this.#unsubscribe) unsubscribe()
    this.#tell()
  }

  // The gravest first.
  #findTrouble(): unknown {
    const partition = [...this.#held.values()].find(({ error }) => !isMessageFault(error))
    const { error: crash } = this.#lastCrash
    return this.#outside ?? this.#database.error ?? this.#brokers.error ?? partition?.error ?? crash
  }

  #hear(): (() => void)[] {
    const { inbox, events } = this.#setup
    const joined = events.on('group:joined', ({ partitions }) => {
      this.#outside = undefined
      this.#lastCrash.joined(partitions)
      this.#brokers.forgetFetches()
    })
    const crashed = events.on('consumer:crashed', ({ error }) => {
      const coded = brokerError(error, this.#attempt)
      this.#lastCrash.crashed(coded)
      this.#leave(coded)
    })
    const held = events.on('partition:held', ({ topic, partition, error }) => {
      this.#held.set(`${topic}/${partition}`, { place: { topic, partition }, error })
    })
    const free = (['partition:released', 'partition:lost'] as const).map((name) =>
      events.on(name, ({ topic, partition }) => void this.#held.delete(`${topic}/${partition}`)),
    )
    const answers = (['message:handled', 'message:deduplicated', 'message:parked'] as const).map((name) =>
      inbox.on(name, () => this.#database.answered()),
    )
    return [joined, crashed, held, ...free, ...answers]
  }

  #leave(error: unknown): void {
    if (this.#outside !== 'STOPPED') this.#outside = error
    this.#brokers.forgetFetches()
  }

  async #run(): Promise<void> {
    const { signal } = this.#closing
    while (!signal.aborted) {
      void this.#database.look()
      this.#tell()
      await this.#setup.clock.sleep(tickMs, signal)
    }
  }

  #tell(): void {
    const { ready, reason, message } = this.current
    const now = JSON.stringify([ready, reason])
    if (now === this.#told) return
    this.#told = now
    this.#setup.events.emit('readiness:changed', { ready, reason, message })
  }
}

// A handler may throw anything, and its words may tell what a probe should not.
function codeOf(error: unknown): string {
  return isPigeonholeError(error) ? error.code : 'UNKNOWN'
}
