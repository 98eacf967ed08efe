import type { Admin, Kafka } from 'kafkajs'

/** An admin client that connects at its first use, and anew after any error. */
export class AdminConnection {
  readonly #kafka: Kafka
  #connecting: Promise<Admin> | undefined
  /** Ends of former clients that may still be under way. */
  readonly #ending = new Set<Promise<void>>()

  constructor(kafka: Kafka) {
    this.#kafka = kafka
  }

  /** Runs `work` with a connected client. Errors of kafkajs pass unmodified. */
  async use<R>(work: (admin: Admin) => Promise<R>): Promise<R> {
    this.#connecting ??= this.#connect()
    const connecting = this.#connecting
    try {
      return await work(await connecting)
    } catch (error) {
      if (this.#connecting === connecting) this.#drop()
      throw error
    }
  }

  /** Ends every client. Never rejects. */
  async close(): Promise<void> {
    this.#drop()
    await Promise.all(this.#ending)
  }

  async #connect(): Promise<Admin> {
    const admin = this.#kafka.admin()
    try {
      await admin.connect()
      return admin
    } catch (error) {
      await admin.disconnect().catch(() => undefined)
      throw error
    }
  }

  #drop(): void {
    const ending = this.#connecting?.then((admin) => admin.disconnect()).catch(() => undefined)
    this.#connecting = undefined
    if (!ending) return
    this.#ending.add(ending)
    void ending.then(() => this.#ending.delete(ending))
  }
}
