import type { Clock } from '../ports/clock.js'

/** What a pipeline that has ended tells of itself. */
export interface EndedPipeline {
  /** Whether it ended over the first batch that there was to send. */
  readonly isStuck: boolean
}

/**
 * For how long nothing has come through. That a shard can be opened does not tell: the coordinator and the leader of the checkpoint
 * partition are in reach then, and the leaders of the topics may not be; and where answers of the database get here that are small,
 * pages may not.
 */
export class Standstill {
  readonly #clock: Pick<Clock, 'now'>
  #since: number

  constructor(clock: Pick<Clock, 'now'>) {
    this.#clock = clock
    this.#since = clock.now()
  }

  get ms(): number {
    return this.#clock.now() - this.#since
  }

  ended({ isStuck }: EndedPipeline): void {
    if (!isStuck) this.#since = this.#clock.now()
  }
}
