import type { PartitionPlace } from './run-inbox-events.js'

/**
 * What the consumer has ended with the last time, until each topic that it is given has been read since. To join its group it needs
 * neither the permission to read nor the brokers that lead the partitions: it would be taken for one that works after each start.
 */
export class LastCrash {
  #error: unknown
  /** None before the group is joined anew. */
  #unread: Set<string> | undefined

  /** Undefined when it is over. */
  get error(): unknown {
    return this.#error
  }

  crashed(error: unknown): void {
    this.#error = error
    this.#unread = undefined
  }

  joined(partitions: readonly PartitionPlace[]): void {
    this.#unread = new Set(partitions.map(({ topic }) => topic))
    this.#settle()
  }

  /** A broker has answered what there is of the topic, or that there is nothing new. */
  read(topic: string): void {
    this.#unread?.delete(topic)
    this.#settle()
  }

  #settle(): void {
    if (this.#unread?.size === 0) this.#error = undefined
  }
}
