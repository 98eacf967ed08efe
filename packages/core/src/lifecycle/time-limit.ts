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
  readonly #options: TimeLimitOptions
  readonly #started = performance.now()
  readonly #timer: NodeJS.Timeout
  #isLate = false
  #abort: LimitAbort | undefined
  #hasEnded = false
  /** When the handler began; undefined while it does not run. */
  #running: number | undefined

  constructor(options: TimeLimitOptions) {
    this.#options = options
    // Not AbortSignal.timeout: Node 20 collects one that only AbortSignal.any refers to, and it never aborts.
    this.#timer = setTimeout(() => {
      this.#isLate = true
      this.#abort?.late()
    }, options.timeoutMs)
  }

  /**
   * Aborts when the time is up, or with the caller's. It is made when it is first asked for: many handlers await nothing but
   * statements, which the server ends in time, and nothing else that is done here for a handler costs as much as signals.
   */
  get signal(): AbortSignal {
    if (!this.#abort) {
      this.#abort = limitAbort(this.#options.signal)
      if (this.#isLate) this.#abort.late()
      if (this.#hasEnded) this.#abort.unlink()
    }
    return this.#abort.signal
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
    const isOver = this.#isLate || now - this.#started >= timeoutMs
    const isHandlers = this.#running !== undefined && now - this.#running >= timeoutMs / 2
    return isOver && isHandlers ? this.#options.timedOut(error) : error
  }

  end(): void {
    this.#hasEnded = true
    clearTimeout(this.#timer)
    this.#abort?.unlink()
  }
}

interface LimitAbort {
  readonly signal: AbortSignal
  /** Aborts because the time is up. */
  readonly late: () => void
  /** Leaves the caller's signal as it was before. */
  readonly unlink: () => void
}

function limitAbort(source: AbortSignal | undefined): LimitAbort {
  // The caller's signal may outlive its messages by far.
  const link = source && linkAbort(source)
  const late = new AbortController()
  return {
    signal: link ? AbortSignal.any([link.signal, late.signal]) : late.signal,
    late: () => late.abort(timedOut()),
    unlink: () => link?.unlink(),
  }
}

// As AbortSignal.timeout says it.
function timedOut(): DOMException {
  return new DOMException('The operation was aborted due to timeout', 'TimeoutError')
}
