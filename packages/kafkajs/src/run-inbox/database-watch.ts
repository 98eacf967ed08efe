import { type Clock, type Inbox, PigeonholeError } from '@pigeonhole/core'

/** How often an inbox's database is asked whether it is there, in milliseconds. */
const askMs = 4_000

/** A database that has not answered for so long, in milliseconds, is taken for one that is away. */
const patienceMs = 8_000

/** Asks from time to time whether the tables of an inbox are there: nobody else would notice while there is nothing to handle. */
export class DatabaseWatch {
  readonly #inbox: Pick<Inbox<never>, 'checkSchema'>
  readonly #clock: Clock
  #error: unknown
  /** Since when an answer is waited for. */
  #askedAt: number | undefined
  #dueAt: number

  constructor(inbox: Pick<Inbox<never>, 'checkSchema'>, clock: Clock) {
    this.#inbox = inbox
    this.#clock = clock
    this.#dueAt = clock.now() + askMs
  }

  /** Why nothing can be handled, as far as the database has told, or has not answered. */
  get error(): unknown {
    const unanswered = this.#askedAt !== undefined && this.#clock.now() - this.#askedAt >= patienceMs
    return unanswered ? silent() : this.#error
  }

  /** Asks if it is time to. Never rejects; a question that is not answered is not asked again meanwhile. */
  async look(): Promise<void> {
    if (this.#askedAt !== undefined || this.#clock.now() < this.#dueAt) return
    this.#askedAt = this.#clock.now()
    try {
      await this.#inbox.checkSchema()
      this.#error = undefined
    } catch (error) {
      this.#error = error
    }
    this.#askedAt = undefined
    this.#dueAt = this.#clock.now() + askMs
  }

  /** It has answered something else: whoever waits for an answer waits for a connection. */
  answered(): void {
    if (this.#askedAt !== undefined) this.#askedAt = this.#clock.now()
  }
}

function silent(): PigeonholeError<'STORE_UNAVAILABLE'> {
  return new PigeonholeError('STORE_UNAVAILABLE', {
    message: `PostgreSQL has not answered for ${patienceMs} ms`,
    details: {},
    retryable: true,
  })
}
