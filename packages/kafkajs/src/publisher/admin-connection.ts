import type { Admin, Kafka } from 'kafkajs'
import { Deadline } from './deadline.js'

// kafkajs asks again about a topic that is not there for nearly ten seconds.
const longestUseMs = 15_000

/**
 * An admin client that connects at its first use, and anew after any error, or a use that is not answered in time: kafkajs itself
 * asks on a connection that is silent for minutes.
 */
export class AdminConnection {
  readonly #kafka: Kafka
  readonly #timeoutMs: number
  #current: UsedClient | undefined
  /** The current client, and former ones that have not ended yet. */
  readonly #clients = new Set<UsedClient>()

  /** @param timeoutMs Longest time of one use. */
  constructor(kafka: Kafka, timeoutMs: number = longestUseMs) {
    this.#kafka = kafka
    this.#timeoutMs = timeoutMs
  }

  /** Runs `work` with a connected client. Errors of kafkajs pass unmodified. One that is late goes on by itself. */
  async use<R>(work: (admin: Admin) => Promise<R>): Promise<R> {
    this.#current ??= this.#open()
    const client = this.#current
    try {
      const late = (): Error => new Error(`no answer within ${this.#timeoutMs} ms`)
      return await new Deadline(this.#timeoutMs).race(client.use(work), late)
    } catch (error) {
      if (this.#current === client) this.#current = undefined
      void client.end().then(() => this.#clients.delete(client))
      throw error
    }
  }

  /** Ends every client. Never rejects. */
  async close(): Promise<void> {
    this.#current = undefined
    await Promise.all([...this.#clients].map((client) => client.cut()))
  }

  #open(): UsedClient {
    const client = new UsedClient(this.#kafka)
    this.#clients.add(client)
    return client
  }
}

/**
 * A client that several may use at once. kafkajs connects again for whatever is under way when a client is disconnected, and
 * that connection would keep the process alive: a client ends behind its last use.
 */
class UsedClient {
  readonly #connected: Promise<Admin>
  readonly #admin: Admin
  readonly #uses = new Set<Promise<unknown>>()

  constructor(kafka: Kafka) {
    this.#admin = kafka.admin()
    this.#connected = this.#admin.connect().then(() => this.#admin)
  }

  async use<R>(work: (admin: Admin) => Promise<R>): Promise<R> {
    const using = this.#connected.then(work)
    this.#uses.add(using)
    try {
      return await using
    } finally {
      this.#uses.delete(using)
    }
  }

  /** Ends it once nothing is under way. Never rejects. */
  async end(): Promise<void> {
    await Promise.allSettled(this.#uses)
    await this.#disconnect()
  }

  /** Ends it, whatever is under way. Never rejects. */
  async cut(): Promise<void> {
    await this.#disconnect()
    await this.end()
  }

  async #disconnect(): Promise<void> {
    await this.#admin.disconnect().catch(() => undefined)
  }
}
