import type { Sample } from './browser/page-state.js'

/** How long a sample is kept. */
const keptMs = 600_000
/** A rate is that of so long. */
const rateMs = 2_000

/** Values of the last ten minutes. */
export class History {
  readonly #samples: Sample[] = []

  get samples(): readonly Sample[] {
    return this.#samples
  }

  add(at: number, value: number): void {
    this.#samples.push([at, value])
    while (this.#samples[0] && this.#samples[0][0] < at - keptMs) this.#samples.shift()
  }
}

/** A rate of totals is that of so long at least. */
const totalMs = 10_000

/** How many a second of something whose total is looked at from time to time. */
export class TotalRate {
  readonly #history = new History()
  /** The last one that is as old as a rate, and those behind it. */
  readonly #totals: Sample[] = []

  get samples(): readonly Sample[] {
    return this.#history.samples
  }

  add(at: number, total: number): void {
    while (this.#totals[1] && this.#totals[1][0] <= at - totalMs) this.#totals.shift()
    const [from] = this.#totals
    // A database that went back has counted less.
    if (from && at > from[0]) this.#history.add(at, (Math.max(0, total - from[1]) * 1000) / (at - from[0]))
    this.#totals.push([at, total])
  }
}

/** How many a second, counted in steps of {@link rateMs}. */
export class Rate {
  readonly #history = new History()
  #step: number
  #counted = 0

  constructor(now: number) {
    this.#step = stepOf(now)
  }

  count(now: number, things: number): void {
    this.#close(now)
    this.#counted += things
  }

  /** The steps that are over. */
  samples(now: number): readonly Sample[] {
    this.#close(now)
    return this.#history.samples
  }

  #close(now: number): void {
    const current = stepOf(now)
    // Those that are older than what is kept would be dropped again.
    this.#step = Math.max(this.#step, current - keptMs / rateMs)
    for (; this.#step < current; this.#step++) {
      this.#history.add((this.#step + 1) * rateMs, this.#counted / (rateMs / 1000))
      this.#counted = 0
    }
  }
}

function stepOf(now: number): number {
  return Math.floor(now / rateMs)
}
