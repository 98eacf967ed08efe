import { randomUUID } from 'node:crypto'
import { type AnyBinding, createRelay, type Inbox, messageIdHeader, type Topic } from '@pigeonhole/core'
import { MemoryCluster } from '../memory/memory-cluster.js'
import type { MemoryLog, MemoryRecord } from '../memory/memory-log.js'
import { memoryPublisher } from '../memory/memory-publisher.js'
import { memoryStore } from '../memory/memory-store.js'
import type { MemoryTransaction } from '../memory/memory-transaction.js'
import { type ClientStore, clientStore } from './client-store.js'
import { CrashSwitch } from './crash-switch.js'
import { type TestConsumer, testConsumer } from './test-consumer.js'

/** What {@link createTestKit} takes. */
export interface TestKitOptions<Tx extends object> {
  /**
   * What your code is given as `tx`: a fake of your own client, whose writes take part in the transaction through
   * `transaction.onCommit(…)`. @default the transaction of the memory store itself
   */
  readonly client: (transaction: MemoryTransaction) => Tx
}

/** How {@link TestKit.send} sends. */
export interface SendOptions {
  /** `null`: the message carries none. @default a new one */
  readonly id?: string | null
  /** @default none */
  readonly headers?: Readonly<Record<string, string>>
  /** @default where its key belongs */
  readonly partition?: number
}

/** A database and a Kafka in this process, with transactions, for tests of code that publishes and handles. */
export interface TestKit<Tx> {
  /** For `createOutbox({ store })` and `createInbox({ store, outbox, name })`. */
  readonly store: ClientStore<Tx>
  /** What was committed to Kafka. */
  readonly log: MemoryLog
  /** Runs `work` in a transaction, as `prisma.$transaction` does: commits when it resolves, rolls back when it rejects. */
  transaction<R>(work: (tx: Tx) => Promise<R>): Promise<R>
  /** Has the relay move what committed transactions have published into the log. Topics that are missing get a partition. */
  relay(): Promise<void>
  /** The values that committed transactions have published to `topic`, in the order of the log. Relays them first. */
  published<In>(topic: Topic<In, unknown>): Promise<In[]>
  /** Sends as any producer does, past the outbox. */
  send<In>(topic: Topic<In, unknown>, value: NoInfer<In>, options?: SendOptions): Promise<MemoryRecord>
  /** A new consumer of the log, with handlers made by `on` and `onBatch`. `inbox` is one over {@link TestKit.store}. */
  consumer(inbox: Inbox<Tx>, handlers: readonly AnyBinding<Tx>[]): TestConsumer
}

/** Creates a kit with nothing in it. */
export function createTestKit(): TestKit<MemoryTransaction>
export function createTestKit<Tx extends object>(options: TestKitOptions<Tx>): TestKit<Tx>
export function createTestKit<Tx extends object>(options?: TestKitOptions<Tx>): TestKit<Tx> {
  return new InMemoryKit(options?.client ?? ((transaction) => transaction as object as Tx))
}

class InMemoryKit<Tx extends object> implements TestKit<Tx> {
  readonly store: ClientStore<Tx>
  readonly #memory = memoryStore()
  readonly #cluster = new MemoryCluster()
  readonly #crash = new CrashSwitch()

  constructor(client: (transaction: MemoryTransaction) => Tx) {
    this.store = clientStore({ memory: this.#memory, client, crash: this.#crash })
  }

  get log(): MemoryLog {
    return this.#cluster.log
  }

  transaction<R>(work: (tx: Tx) => Promise<R>): Promise<R> {
    return this.store.transaction({ timeoutMs: 2 ** 31 - 1 }, work)
  }

  async relay(): Promise<void> {
    for (const { topic } of this.#memory.messages) this.#provide(topic)
    const publisher = memoryPublisher(this.#cluster)
    const relay = createRelay({ name: 'test-kit', store: this.#memory, publisher })
    await relay.start()
    try {
      await relay.drain()
    } finally {
      await relay.stop()
    }
  }

  async published<In>(topic: Topic<In, unknown>): Promise<In[]> {
    await this.relay()
    const values = this.log.recordsOf(topic.name).map(({ value }) => value && topic.codec.decode(value))
    return (await Promise.all(values)) as In[]
  }

  async send<In>(topic: Topic<In, unknown>, value: In, options: SendOptions = {}): Promise<MemoryRecord> {
    const { id = randomUUID(), headers = {}, partition } = options
    this.#provide(topic.name, (partition ?? 0) + 1)
    const key = topic.key?.(value) ?? null
    const message = {
      topic: topic.name,
      key: typeof key === 'string' ? Buffer.from(key) : key,
      value: await topic.codec.encode(value),
      headers: Object.entries({ ...(id === null ? {} : { [messageIdHeader]: id }), ...headers }).map(
        ([name, text]) => [name, Buffer.from(text)] as const,
      ),
    }
    const place = partition ?? this.log.placeOf(message, randomUUID())
    const [record] = this.log.commit([{ ...message, partition: place }])
    return record as MemoryRecord
  }

  consumer(inbox: Inbox<Tx>, handlers: readonly AnyBinding<Tx>[]): TestConsumer {
    return testConsumer({ log: this.log, inbox, handlers, crash: this.#crash })
  }

  #provide(topic: string, partitions = 1): void {
    this.log.createTopic(topic, Math.max(partitions, this.log.partitionsOf(topic)))
  }
}
