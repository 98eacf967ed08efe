import type { Clock } from '@pigeonhole/core'
import { refusalOf } from '../publisher/broker-errors.js'
import type { Runner } from './kafkajs-runner.js'

/** What {@link Heartbeats} tells. */
export interface GroupListener {
  /** The group is about to share out its partitions anew: kafkajs has to join it again. */
  rebalancing(): void
  /** The group goes on without this member, or was not reached for longer than it waits. */
  expelled(error: unknown): void
}

const expulsions: ReadonlySet<string> = new Set(['ILLEGAL_GENERATION', 'UNKNOWN_MEMBER_ID'])
const rebalances: ReadonlySet<string> = new Set(['REBALANCE_IN_PROGRESS', 'NOT_COORDINATOR_FOR_GROUP'])

/**
 * Keeps a member alive while its handlers work. kafkajs by itself sends no heartbeat while it waits for a batch, so that
 * a handler that is slower than the session timeout loses its partition.
 */
export class Heartbeats {
  readonly #runner: Runner
  readonly #clock: Clock
  readonly #listener: GroupListener
  #aliveAt = 0
  #awaited = 0
  #timer: NodeJS.Timeout | undefined

  constructor(runner: Runner, clock: Clock, listener: GroupListener) {
    this.#runner = runner
    this.#clock = clock
    this.#listener = listener
  }

  /** Sends heartbeats until `work`, which kafkajs waits for, is done. */
  async during(work: Promise<void>): Promise<void> {
    // kafkajs has seen to it until now.
    if (this.#awaited === 0) this.#aliveAt = this.#clock.now()
    this.#awaited += 1
    this.#timer ??= setInterval(() => void this.#beat(), Math.max(1, this.#runner.heartbeatInterval / 2))
    try {
      await work
    } finally {
      this.#awaited -= 1
      if (this.#awaited === 0) this.#rest()
    }
  }

  #rest(): void {
    clearInterval(this.#timer)
    this.#timer = undefined
  }

  async #beat(): Promise<void> {
    if (this.#clock.now() - this.#aliveAt > this.#runner.consumerGroup.sessionTimeout) {
      this.#listener.expelled(new Error('no heartbeat was answered for longer than the session timeout'))
      return
    }
    try {
      await this.#runner.heartbeat()
      this.#aliveAt = this.#clock.now()
    } catch (error) {
      const type = refusalOf(error)?.type ?? ''
      if (expulsions.has(type)) this.#listener.expelled(error)
      else if (rebalances.has(type)) this.#listener.rebalancing()
    }
  }
}
