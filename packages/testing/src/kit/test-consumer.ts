import type { AnyBinding, Inbox, Outcome } from '@pigeonhole/core'
import type { MemoryLog, MemoryRecord } from '../memory/memory-log.js'
import type { CrashPoint, CrashSwitch } from './crash-switch.js'

/** A consumer of the kit's log: what `runInbox` is on Kafka, one message after the other. */
export interface TestConsumer {
  /**
   * Handles what the log holds behind the consumer's offsets, partition by partition. Resolves to the outcomes, in this
   * order. Rejects with the error of a message that cannot be handled: the consumer stands in front of it.
   */
  consume(): Promise<Outcome[]>
  /** Handles one record again or out of its turn, whatever the offsets are. */
  deliver(record: MemoryRecord): Promise<Outcome>
  /** Goes back to the beginning of the log, as after a reset of the group's offsets. */
  rewind(): void
  /**
   * Consumes until the next transaction reaches `point`, and dies there as by `kill -9`. The next call is the process that
   * was started after it, from the offset of the message at which this one died.
   * @throws where no message is left
   */
  crashAt(point: CrashPoint): Promise<void>
}

/** What a consumer consumes, and with what. */
export interface TestConsumerParts<Tx> {
  readonly log: MemoryLog
  readonly inbox: Inbox<Tx>
  readonly handlers: readonly AnyBinding<Tx>[]
  readonly crash: CrashSwitch
}

/** A consumer at the beginning of the log. */
export function testConsumer<Tx>(parts: TestConsumerParts<Tx>): TestConsumer {
  return new LogConsumer(parts)
}

class LogConsumer<Tx> implements TestConsumer {
  readonly #parts: TestConsumerParts<Tx>
  /** The next offset of each partition. */
  readonly #offsets = new Map<string, bigint>()

  constructor(parts: TestConsumerParts<Tx>) {
    this.#parts = parts
  }

  async consume(): Promise<Outcome[]> {
    const outcomes: Outcome[] = []
    for (const handler of this.#parts.handlers) {
      for (let partition = 0; partition < this.#parts.log.partitionsOf(handler.topic.name); partition += 1)
        outcomes.push(...(await this.#consumePartition(handler, partition)))
    }
    return outcomes
  }

  deliver(record: MemoryRecord): Promise<Outcome> {
    const handler = this.#parts.handlers.find(({ topic }) => topic.name === record.topic)
    if (!handler) throw new Error(`This consumer has no handler for topic ${record.topic}`)
    return this.#parts.inbox.handle(record, handler)
  }

  rewind(): void {
    this.#offsets.clear()
  }

  async crashAt(point: CrashPoint): Promise<void> {
    const { crash } = this.#parts
    const died = crash.arm(point)
    try {
      const survived = this.consume().then(() => {
        throw new Error(`No message has brought the consumer to its death ${point}`)
      })
      await Promise.race([died, survived])
    } finally {
      crash.disarm()
    }
  }

  async #consumePartition(handler: AnyBinding<Tx>, partition: number): Promise<Outcome[]> {
    const { log, inbox } = this.#parts
    const place = `${handler.topic.name}/${partition}`
    const outcomes: Outcome[] = []
    for (;;) {
      const next = this.#offsets.get(place) ?? 0n
      const left = log
        .recordsOf(handler.topic.name)
        .filter((record) => record.partition === partition && record.offset >= next)
      const handled = await inbox.handleGroup(left, handler)
      const last = left[handled.length - 1]
      if (!last) return outcomes
      outcomes.push(...handled)
      this.#offsets.set(place, last.offset + 1n)
    }
  }
}
