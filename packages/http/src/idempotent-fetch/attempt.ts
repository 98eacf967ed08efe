/**
 * Aborts one attempt: with the caller's signal, or where its answer is not there in time.
 *
 * The caller's signal may live as long as its process, and `AbortSignal.any` would leave something of each attempt on it.
 */
export class Attempt {
  readonly #abort = new AbortController()
  readonly #caller: AbortSignal | null | undefined
  readonly #timer: NodeJS.Timeout
  readonly #follow = (): void => this.#abort.abort(this.#caller?.reason)

  constructor(caller: AbortSignal | null | undefined, timeoutMs: number) {
    this.#caller = caller
    this.#timer = setTimeout(() => this.#abort.abort(tooLate(timeoutMs)), timeoutMs)
    if (caller?.aborted) this.#follow()
    else caller?.addEventListener('abort', this.#follow)
  }

  get signal(): AbortSignal {
    return this.#abort.signal
  }

  /** Nothing is left that could be aborted. */
  end(): void {
    clearTimeout(this.#timer)
    this.#caller?.removeEventListener('abort', this.#follow)
  }
}

function tooLate(ms: number): DOMException {
  return new DOMException(`No whole answer within ${ms} ms (attemptTimeoutMs)`, 'TimeoutError')
}
