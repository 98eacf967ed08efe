/**
 * Who handles messages in this process. Usually all do, beside each other. One that may kill the process has it for itself, so
 * that nothing else can be to blame, and nothing else is blamed.
 */
export class HandlingLock {
  #running = 0
  /** Those who want the process for themselves, the one who has it included. */
  #alone = 0
  #turns: Promise<void> = Promise.resolve()
  #whenIdle: (() => void) | undefined

  /** Runs `work` beside others, unless one has the process for itself, or waits for it. */
  async shared<R>(work: () => Promise<R>): Promise<R> {
    while (this.#alone > 0) await this.#turns
    this.#running += 1
    try {
      return await work()
    } finally {
      this.#running -= 1
      if (this.#running === 0) this.#whenIdle?.()
    }
  }

  /** Runs `work` while nothing else runs. */
  alone<R>(work: () => Promise<R>): Promise<R> {
    this.#alone += 1
    const turn = this.#turns.then(async () => {
      try {
        if (this.#running > 0) await new Promise<void>((resolve) => (this.#whenIdle = resolve))
        this.#whenIdle = undefined
        return await work()
      } finally {
        this.#alone -= 1
      }
    })
    this.#turns = turn.then(
      () => undefined,
      () => undefined,
    )
    return turn
  }
}

/** That of all runs in this process: a message of any of them may kill it. */
export const handlings: HandlingLock = new HandlingLock()
