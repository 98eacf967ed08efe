import { PigeonholeError } from '../errors/pigeonhole-error.js'
import { linkAbort } from '../lifecycle/linked-abort.js'
import type { Delivery } from './delivery.js'

/** What a time limit is for. */
export interface LimitedHandling {
  readonly deliveries: readonly { readonly delivery: Delivery }[]
  readonly signal: AbortSignal | undefined
}

/** The time that a transaction with a handler has, and who used it up. */
export class TimeLimit {
  /** Aborts when the time is up, or with the caller's. */
  readonly signal: AbortSignal
  readonly #late: AbortSignal
  readonly #timeoutMs: number
  readonly #topic: string
  readonly #started = performance.now()
  readonly #end: () => void
  /** When the handler began; undefined while it does not run. */
  #running: number | undefined

  constructor({ deliveries, signal }: LimitedHandling, timeoutMs: number) {
    // The caller's signal may outlive its messages by far.
    const link = signal && linkAbort(signal)
    const late = new AbortController()
    // Not AbortSignal.timeout: Node 20 collects one that only AbortSignal.any refers to, and it never aborts.
    const timer = setTimeout(() => late.abort(timedOut()), timeoutMs)
    this.#late = late.signal
    this.signal = link ? AbortSignal.any([link.signal, late.signal]) : late.signal
    this.#end = () => {
      clearTimeout(timer)
      link?.unlink()
    }
    this.#timeoutMs = timeoutMs
    this.#topic = deliveries[0]?.delivery.topic ?? ''
  }

  async measure(handler: () => Promise<void>): Promise<void> {
    this.#running = performance.now()
    await handler()
    this.#running = undefined
  }

  /**
   * The error of a transaction, as it is or as the handler's: it was still running when the time was up, and had at least
   * half of it. Time that was spent in waiting for the position is not the message's fault, nor is an outcome that a
   * COMMIT has left open.
   */
  blame(error: unknown): unknown {
    const now = performance.now()
    // The server, the client and this one each have a clock: whoever is first.
    const isOver = this.#late.aborted || now - this.#started >= this.#timeoutMs
    const isHandlers = this.#running !== undefined && now - this.#running >= this.#timeoutMs / 2
    return isOver && isHandlers ? this.#timedOut(error) : error
  }

  end(): void {
    this.#end()
  }

  #timedOut(cause: unknown): PigeonholeError<'HANDLER_TIMED_OUT'> {
    return new PigeonholeError('HANDLER_TIMED_OUT', {
      message:
        `The handler of topic ${this.#topic} was not done within timeoutMs, ${this.#timeoutMs} ms, and its transaction is ` +
        'rolled back: hand its signal to what it awaits, do less in one message, or raise timeoutMs of the inbox',
      details: { topic: this.#topic, timeoutMs: this.#timeoutMs },
      cause,
      retryable: true,
    })
  }
}

// As AbortSignal.timeout says it.
function timedOut(): DOMException {
  return new DOMException('The operation was aborted due to timeout', 'TimeoutError')
}
