/** What sleeps, until when. */
interface Sleeper {
  readonly at: number
  readonly process: object
  readonly wake: () => void
}

/** One monotonic clock for all processes of a history. It stands still until the history moves it on. */
export class VirtualTime {
  #now = 0
  #sleepers: Sleeper[] = []

  get now(): number {
    return this.#now
  }

  /** Resolves after `ms`, or as soon as `signal` aborts. `process`: whose sleep it is. */
  async sleep(process: object, ms: number, signal?: AbortSignal): Promise<void> {
    if (signal?.aborted) return
    await new Promise<void>((resolve) => {
      const wake = (): void => {
        this.#sleepers = this.#sleepers.filter((other) => other !== sleeper)
        signal?.removeEventListener('abort', wake)
        resolve()
      }
      const sleeper = { at: this.#now + ms, process, wake }
      this.#sleepers.push(sleeper)
      signal?.addEventListener('abort', wake)
    })
  }

  /** Moves on by `ms`, but no further than the next sleep that ends among those of which `isAwake` holds. */
  advance(ms: number, isAwake: (process: object) => boolean): boolean {
    const next = this.#sleepers
      .filter(({ process }) => isAwake(process))
      .reduce<Sleeper | undefined>((first, one) => (first && first.at <= one.at ? first : one), undefined)
    const until = this.#now + ms
    this.#now = Math.max(this.#now, Math.min(until, next?.at ?? until))
    if (!next || next.at > this.#now) return false
    next.wake()
    return true
  }

  /** The sleeps of a process that was killed never end. */
  forget(process: object): void {
    this.#sleepers = this.#sleepers.filter((sleeper) => sleeper.process !== process)
  }
}
