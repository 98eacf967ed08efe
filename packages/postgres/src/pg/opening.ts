import type pg from 'pg'
import { driverError } from '../errors/driver-error.js'
import { storeStandby } from '../errors/sql-state-error.js'
import type { Before } from './kept-statement.js'

/** How a transaction begins. */
export interface OpeningOptions {
  /** The schema of Pigeonhole's tables, not quoted: for errors. */
  readonly schema: string
  /** BEGIN and the transaction's settings. */
  readonly begin: readonly string[]
}

/** The beginning of a transaction: sent by itself, or taken along by the first statement. */
export class Opening {
  readonly #client: pg.ClientBase
  readonly #options: OpeningOptions
  #begun: Promise<void> | undefined

  constructor(client: pg.ClientBase, options: OpeningOptions) {
    this.#client = client
    this.#options = options
  }

  /** Whether what comes next is in the transaction, or behind what begins it in one message. */
  get isSent(): boolean {
    return this.#isSent
  }
  #isSent = false

  /**
   * Sends it by itself, if nothing has. Whatever is to be in the transaction waits for that.
   * @throws STORE_STANDBY, STORE_UNAVAILABLE
   */
  begin(): Promise<void> {
    this.#begun ??= this.#isSent ? Promise.resolve() : this.#send()
    return this.#begun
  }

  /** BEGIN and the settings for a statement that takes them along; undefined where they are sent already. */
  take(): Before | undefined {
    if (this.#begun || this.#isSent) return undefined
    this.#isSent = true
    return { statements: this.#options.begin, failed: this.#failed }
  }

  // Nothing has begun: what came next would be in no transaction.
  readonly #failed = (error: unknown): void => {
    this.#isSent = false
    this.#begun = Promise.reject(this.#coded(error))
    this.#begun.catch(() => undefined)
  }

  async #send(): Promise<void> {
    try {
      await this.#client.query(this.#options.begin.join('; '))
    } catch (error) {
      throw this.#coded(error)
    }
    this.#isSent = true
  }

  #coded(error: unknown): unknown {
    // feature_not_supported: "cannot set transaction read-write mode during recovery".
    const isRefused = error instanceof Error && (error as { readonly code?: unknown }).code === '0A000'
    return isRefused ? storeStandby(error) : (driverError(error, this.#options.schema) ?? error)
  }
}
