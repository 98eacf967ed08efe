import { type LinkedAbort, linkAbort } from '../lifecycle/linked-abort.js'
import type { Clock } from '../ports/clock.js'

interface PollOptions {
  readonly clock: Clock
  readonly pollMs: number
  readonly idlePollMs: number
}

// So many short pauses before they grow. 200 messages a second, one every 5 ms: with pauses that grow at once, half of them
// wait for the end of one that is longer than the first.
const shortPauses = 8

// Three more, as they grow: 14 ms where the first one is 2.
const quietPauses = 8

/**
 * The pause between two looks at an empty outbox: short for a while after a message or a wake-up, then doubling to the idle
 * pause.
 * NOTIFY is no alternative: in the business transaction it takes a lock that all committers share, and cut commits from
 * 7,100 to 2,900 a second.
 */
export class Poll {
  readonly #options: PollOptions
  #pauseMs: number
  #shortLeft = shortPauses
  #sleeping: LinkedAbort | undefined

  constructor(options: PollOptions) {
    this.#options = options
    this.#pauseMs = options.pollMs
  }

  /** Whether nothing has come for a few looks. */
  get isQuiet(): boolean {
    const { pollMs, idlePollMs } = this.#options
    return this.#pauseMs >= Math.min(idlePollMs, pollMs * quietPauses)
  }

  /** Looks again at once, and often for a while. */
  wake(): void {
    this.#pauseMs = this.#options.pollMs
    this.#shortLeft = shortPauses
    this.#sleeping?.abort()
  }

  /** Waits for the next look, for a wake-up or until `signal` aborts. */
  async pause(signal: AbortSignal): Promise<void> {
    const sleeping = linkAbort(signal)
    this.#sleeping = sleeping
    const pauseMs = this.#pauseMs
    if (this.#shortLeft > 1) this.#shortLeft -= 1
    else this.#pauseMs = Math.min(this.#options.idlePollMs, pauseMs * 2)
    await this.#options.clock.sleep(pauseMs, sleeping.signal)
    sleeping.unlink()
    this.#sleeping = undefined
  }
}
