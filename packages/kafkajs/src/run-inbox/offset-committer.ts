import type { Clock, Emitter } from '@pigeonhole/core'
import type { NextOffset } from './group-feed.js'
import type { InboxRunEvents, PartitionPlace } from './run-inbox-events.js'

/** What an {@link OffsetCommitter} is made from. */
export interface CommitterSetup {
  readonly intervalMs: number
  readonly clock: Clock
  readonly events: Emitter<InboxRunEvents>
  /** Sends offsets to Kafka. */
  readonly commit: (offsets: readonly NextOffset[]) => Promise<void>
}

/** A refused commit is not tried again sooner, in milliseconds. */
const shortestRetryMs = 1_000

/** Commits the group's offsets behind what is handled. They come late, or not at all: no message depends on them. */
export class OffsetCommitter {
  readonly #setup: CommitterSetup
  readonly #noted = new Map<string, NextOffset>()
  readonly #ending = new AbortController()
  #waiting = false
  #committing: Promise<void> = Promise.resolve()

  constructor(setup: CommitterSetup) {
    this.#setup = setup
  }

  /** Commits this offset soon, unless a later one of the partition comes first. */
  note(next: NextOffset): void {
    this.#noted.set(key(next), next)
    this.#flushLater(this.#setup.intervalMs)
  }

  /** The partition is another member's: what was noted of it is not this one's to commit. */
  forget(place: PartitionPlace): void {
    this.#noted.delete(key(place))
  }

  /** Commits what is noted. Never rejects. */
  flush(): Promise<void> {
    this.#committing = this.#committing.then(() => this.#commit())
    return this.#committing
  }

  /** Commits what is noted, and nothing any more after that. */
  async end(): Promise<void> {
    this.#ending.abort()
    await this.flush()
  }

  #flushLater(ms: number): void {
    if (!this.#waiting && !this.#ending.signal.aborted) void this.#flushIn(ms)
  }

  async #flushIn(ms: number): Promise<void> {
    this.#waiting = true
    await this.#setup.clock.sleep(ms, this.#ending.signal)
    this.#waiting = false
    if (!this.#ending.signal.aborted) await this.flush()
  }

  async #commit(): Promise<void> {
    const offsets = [...this.#noted.values()]
    if (offsets.length === 0) return
    try {
      await this.#setup.commit(offsets)
    } catch (error) {
      this.#setup.events.emit('offsets:refused', { error })
      // There may be no later offset for long, and what is not committed is delivered again after a crash.
      this.#flushLater(Math.max(this.#setup.intervalMs, shortestRetryMs))
      return
    }
    for (const next of offsets) if (this.#noted.get(key(next)) === next) this.forget(next)
    const told = offsets.map(({ topic, partition, offset }) => ({ topic, partition, offset }))
    this.#setup.events.emit('offsets:committed', { offsets: told })
  }
}

function key({ topic, partition }: PartitionPlace): string {
  return `${topic}/${partition}`
}
