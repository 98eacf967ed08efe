/** One kind of fault: how often it was found, and the first places where it was. */
export interface Finding {
  readonly count: number
  /** Up to ten, in words. */
  readonly examples: readonly string[]
}

const mostExamples = 10

/** Counts one kind of fault. */
export class Tally implements Finding {
  readonly #examples: string[] = []
  #count = 0

  get count(): number {
    return this.#count
  }

  get examples(): readonly string[] {
    return this.#examples
  }

  add(example: string): void {
    this.#count += 1
    if (this.#examples.length < mostExamples) this.#examples.push(example)
  }
}
