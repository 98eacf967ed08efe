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
