import { PigeonholeError } from '../errors/pigeonhole-error.js'
import { within } from '../lifecycle/within.js'
import type { ShardProducer } from '../ports/relay-publisher.js'
import type { ResolvedRelayOptions } from './relay-options.js'

/** Looks whether the log still has what was committed last, and notes for how long Kafka has not answered. */
export class LogLook {
  readonly #producer: Pick<ShardProducer, 'isIntact'>
  readonly #options: Pick<ResolvedRelayOptions, 'clock' | 'leaseMs' | 'renewMs'>
  #answeredAt: number

  constructor(
    producer: Pick<ShardProducer, 'isIntact'>,
    options: Pick<ResolvedRelayOptions, 'clock' | 'leaseMs' | 'renewMs'>,
  ) {
    this.#producer = producer
    this.#options = options
    this.#answeredAt = options.clock.now()
  }

  /** Kafka has answered something else. */
  answered(): void {
    this.#answeredAt = this.#options.clock.now()
  }

  /**
   * Whether the log still has it. True where a look was not answered, which says nothing, unless Kafka has answered none for as long
   * as the lease.
   * @throws BROKER_UNAVAILABLE, BROKER_ACCESS_DENIED when it has not. The reason of `signal` when that aborts.
   */
  async isIntact(signal: AbortSignal): Promise<boolean> {
    const { clock, leaseMs, renewMs } = this.#options
    const ms = Math.max(renewMs, this.#answeredAt + leaseMs - clock.now())
    try {
      const intact = await within(this.#producer.isIntact(), {
        clock,
        ms,
        signal,
        late: () => silent(leaseMs),
      })
      this.answered()
      return intact
    } catch (error) {
      if (clock.now() - this.#answeredAt < leaseMs) return true
      throw error
    }
  }
}

function silent(leaseMs: number): PigeonholeError<'BROKER_UNAVAILABLE'> {
  return new PigeonholeError('BROKER_UNAVAILABLE', {
    message: `Kafka has answered nothing for ${leaseMs} ms, the length of the lease. The shard opens again, and goes on once it answers`,
    details: {},
    retryable: true,
  })
}
