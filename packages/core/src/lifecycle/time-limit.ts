import { linkAbort } from './linked-abort.js'

/** What a time limit is made from. */
export interface TimeLimitOptions {
  readonly timeoutMs: number
  /** The caller's. */
  readonly signal: AbortSignal | undefined
  /** The error of a handler that has used the time up. */
  readonly timedOut: (cause: unknown) => Error
}

/** The time that a transaction with a handler has, and who used it up. */
export class TimeLimit {
  /** Aborts when the time is up, or with the caller's. */
  readonly signal: AbortSignal
  readonly #late: AbortSignal
  readonly #options: TimeLimitOptions
  readonly #started = performance.now()
  readonly #end: () => void
  /** When the handler began; undefined while it does not run. */
  #running: number | undefined

  constructor(options: TimeLimitOptions) {
    // The caller's signal may outlive its messages by far.
    const link = options.signal && linkAbort(options.signal)
    const late = new AbortController()
    // Not AbortSignal.timeout: Node 20 collects one that only AbortSignal.any refers to, and it never aborts.
    const timer = setTimeout(() => late.abort(timedOut()), options.timeoutMs)
    this.#late = late.signal
    this.signal = link ? AbortSignal.any([link.signal, late.signal]) : late.signal
    this.#end = () => {
      clearTimeout(timer)
      link?.unlink()
    }
    this.#options = options
  }

  async measure<R>(handler: () => Promise<R>): Promise<R> {
    this.#running = performance.now()
    const result = await handler()
    this.#running = undefined
    return result
  }

  /**
   * The error of a transaction, as it is or as the handler's: it was still running when the time was up, and had at least
   * half of it. Time that was spent in waiting for a lock before it is not the handler's fault, nor is an outcome that a
   * COMMIT has left open.
   */
  blame(error: unknown): unknown {
    const now = performance.now()
    const { timeoutMs } = this.#options
    // The server, the client and this one each have a clock: whoever is first.
    const isOver = this.#late.aborted || now - this.#started >= timeoutMs
    const isHandlers = this.#running !== undefined && now - this.#running >= timeoutMs / 2
    return isOver && isHandlers ? this.#options.timedOut(error) : error
  }

  end(): void {
    this.#end()
  }
}

// As AbortSignal.timeout says it.
function timedOut(): DOMException {
  return new DOMException('The operation was aborted due to timeout', 'TimeoutError')
}
