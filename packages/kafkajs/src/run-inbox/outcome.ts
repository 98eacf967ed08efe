/** A promise that its owner settles, once. */
export class Outcome {
  readonly promise: Promise<void>
  #pending = true
  #resolve: () => void = () => undefined
  #reject: (error: unknown) => void = () => undefined

  constructor() {
    this.promise = new Promise((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
    })
  }

  get isPending(): boolean {
    return this.#pending
  }

  resolve(): void {
    this.#pending = false
    this.#resolve()
  }

  reject(error: unknown): void {
    this.#pending = false
    this.#reject(error)
  }
}
