import { type Clock, PigeonholeError } from '@pigeonhole/core'
import type { Consumer } from 'kafkajs'
import type { Runner } from './kafkajs-runner.js'

/** Brokers that have answered nothing for so long, in milliseconds, are taken for ones that are away. */
const patienceMs = 10_000

/** For so much longer than a fetch may wait, or a heartbeat is due, in milliseconds. */
const slackMs = 5_000

/**
 * Hears whether the brokers answer a consumer. kafkajs itself waits 30 s for an answer, and tries again for as long, before it tells
 * anybody. A consumer that runs asks each broker that it reads from all the time.
 */
export class BrokerWatch {
  readonly #clock: Clock
  #patienceMs = patienceMs
  #heardAt: number
  /** Since when each broker has been asked for messages. */
  readonly #fetching = new Map<unknown, number>()

  constructor(clock: Clock) {
    this.#clock = clock
    this.#heardAt = clock.now()
  }

  /** Listens to `consumer`. Returns what ends that. */
  listen(consumer: Consumer): readonly (() => void)[] {
    const { events } = consumer
    return [
      consumer.on(events.REQUEST, () => {
        this.#heardAt = this.#clock.now()
      }),
      consumer.on(events.FETCH_START, ({ payload }) => {
        this.#fetching.set((payload as { readonly nodeId?: unknown }).nodeId, this.#clock.now())
      }),
      consumer.on(events.FETCH, ({ payload }) => {
        this.#fetching.delete((payload as { readonly nodeId?: unknown }).nodeId)
      }),
    ]
  }

  /** Another runner asks from now on. A user may have it wait for longer than we would. */
  follow({ heartbeatInterval, consumerGroup }: Pick<Runner, 'heartbeatInterval' | 'consumerGroup'>): void {
    const longest = Math.max(consumerGroup.maxWaitTime, heartbeatInterval ?? 0)
    this.#patienceMs = Math.max(patienceMs, longest + slackMs)
    this.#heardAt = this.#clock.now()
    this.forgetFetches()
  }

  /** Nothing is being fetched any more: the group is joined anew, or the consumer has ended. */
  forgetFetches(): void {
    this.#fetching.clear()
  }

  /** Why nothing comes, where a broker has been asked and does not answer. */
  get error(): PigeonholeError<'BROKER_UNAVAILABLE'> | undefined {
    const since = Math.min(this.#heardAt, ...this.#fetching.values())
    return this.#clock.now() - since >= this.#patienceMs ? silent(this.#patienceMs) : undefined
  }
}

function silent(ms: number): PigeonholeError<'BROKER_UNAVAILABLE'> {
  return new PigeonholeError('BROKER_UNAVAILABLE', {
    message: `A broker has not answered for ${ms} ms`,
    details: {},
    retryable: true,
  })
}
