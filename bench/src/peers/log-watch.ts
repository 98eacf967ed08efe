import { correctReadCommitted } from '@pigeonhole/kafkajs'
import type { Consumer, KafkaMessage } from 'kafkajs'
import { type BenchServers, quietKafka } from '../bench-servers.js'

/** A `read_committed` consumer of a topic that counts what arrives and has a key, which what warms a topic up has not. */
export class LogWatch {
  readonly #consumer: Consumer
  readonly #ids = new Set<string>()
  readonly #waiting = new Set<() => void>()
  #records = 0

  private constructor(consumer: Consumer) {
    this.#consumer = consumer
  }

  /** Resolves when the consumer has its partitions. */
  static async open(servers: BenchServers, topic: string): Promise<LogWatch> {
    const kafka = quietKafka(servers)
    correctReadCommitted(kafka)
    const consumer = kafka.consumer({ groupId: `${topic}-watch-${performance.now()}` })
    const watch = new LogWatch(consumer)
    await consumer.connect()
    await consumer.subscribe({ topic, fromBeginning: true })
    const joined = new Promise((resolve) => consumer.on(consumer.events.GROUP_JOIN, resolve))
    await consumer.run({
      eachBatch: async ({ batch }) => watch.#take(batch.messages),
    })
    await joined
    return watch
  }

  /** How many records have arrived, each of them counted. */
  get records(): number {
    return this.#records
  }

  /** Whether a record with that id has arrived. */
  has(id: string): boolean {
    return this.#ids.has(id)
  }

  /** Resolves to true once `holds`, and to false if it does not within `withinMs` of the last record, or of this call. */
  async until(holds: () => boolean, withinMs: number): Promise<boolean> {
    while (!holds()) {
      if (!(await this.#next(withinMs))) return holds()
    }
    return true
  }

  close(): Promise<void> {
    return this.#consumer.disconnect()
  }

  #take(messages: readonly KafkaMessage[]): void {
    for (const { key, headers } of messages) {
      if (key === null) continue
      this.#records += 1
      this.#ids.add(String(headers?.['id']))
    }
    for (const arrived of this.#waiting) arrived()
    this.#waiting.clear()
  }

  #next(withinMs: number): Promise<boolean> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => resolve(false), withinMs)
      this.#waiting.add(() => {
        clearTimeout(timer)
        resolve(true)
      })
    })
  }
}
