import { PigeonholeError } from '@pigeonhole/core'
import type { AdminConnection } from './admin-connection.js'
import { brokerError, refusalOf } from './broker-errors.js'
import { isTopicName } from './topic-name.js'

interface Known {
  readonly partitions: number
  readonly at: number
}

/** How many partitions each topic has, as far as it is known. */
export class PartitionMap {
  readonly #admin: AdminConnection
  readonly #maxAgeMs: number
  readonly #known = new Map<string, Known>()

  constructor(admin: AdminConnection, maxAgeMs: number) {
    this.#admin = admin
    this.#maxAgeMs = maxAgeMs
  }

  /**
   * The number of partitions of each of `topics`.
   * @throws TOPIC_MISSING, BROKER_ACCESS_DENIED naming the topic; BROKER_UNAVAILABLE
   */
  async count(topics: Iterable<string>): Promise<ReadonlyMap<string, number>> {
    const entries = [...topics].map(async (topic) => [topic, await this.#countOf(topic)] as const)
    return new Map(await Promise.all(entries))
  }

  /** Asks for `topics` anew when they are needed next. */
  forget(topics: Iterable<string>): void {
    for (const topic of topics) this.#known.delete(topic)
  }

  async #countOf(topic: string): Promise<number> {
    const known = this.#known.get(topic)
    if (known && performance.now() - known.at < this.#maxAgeMs) return known.partitions
    const partitions = await this.#ask(topic)
    this.#known.set(topic, { partitions, at: performance.now() })
    return partitions
  }

  // One topic a request: kafkajs does not say which of several an error is about.
  async #ask(topic: string): Promise<number> {
    if (!isTopicName(topic)) throw missing(topic)
    let cause: unknown
    try {
      const { topics } = await this.#admin.use((admin) => admin.fetchTopicMetadata({ topics: [topic] }))
      const partitions = topics[0]?.partitions.length ?? 0
      if (partitions > 0) return partitions
    } catch (error) {
      if (refusalOf(error)?.type !== 'UNKNOWN_TOPIC_OR_PARTITION')
        throw brokerError(error, { doing: 'reading the partitions of a topic', topic })
      cause = error
    }
    throw missing(topic, cause)
  }
}

function missing(topic: string, cause?: unknown): PigeonholeError<'TOPIC_MISSING'> {
  return new PigeonholeError('TOPIC_MISSING', {
    message: `Topic ${topic} is not known to the cluster: create it, or grant Describe on it`,
    details: { topic },
    ...(cause === undefined ? {} : { cause }),
  })
}
