import type { Socket } from 'node:net'

interface Due {
  readonly at: number
  readonly act: () => void
}

/** One direction of a connection: bytes in their order, each as late as was asked when it came. */
export class DelayLine {
  readonly #from: Socket
  readonly #to: Socket
  readonly #queue: Due[] = []
  #lastDueAt = 0

  constructor(from: Socket, to: Socket) {
    this.#from = from
    this.#to = to
  }

  send(bytes: Buffer, delayMs: number): void {
    this.#lastDueAt = Math.max(this.#lastDueAt, performance.now() + delayMs)
    this.after(() => this.#write(bytes))
  }

  /** Runs `act` behind everything that was sent before. */
  after(act: () => void): void {
    this.#queue.push({ at: this.#lastDueAt, act })
    if (this.#queue.length === 1) this.#run()
  }

  // One timer for all: timers of different lengths could overtake each other by a millisecond.
  #run(): void {
    for (let [next] = this.#queue; next; [next] = this.#queue) {
      const wait = next.at - performance.now()
      if (wait > 0) return void setTimeout(() => this.#run(), wait + 1)
      next.act()
      this.#queue.shift()
    }
  }

  #write(bytes: Buffer): void {
    if (this.#to.destroyed || this.#to.write(bytes)) return
    this.#from.pause()
    this.#to.once('drain', () => this.#from.resume())
  }
}
