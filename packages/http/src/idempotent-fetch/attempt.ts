// Bodies that nobody reads any more let go of the caller's signal.
const unread = new FinalizationRegistry<Attempt>((attempt) => attempt.end())

/**
 * Aborts one attempt: with the caller's signal, or where no answer has begun in time.
 *
 * The caller's signal may live as long as its process, and `AbortSignal.any` would leave something of each attempt on it. An
 * attempt listens to it for as long as it has something to abort, which includes the body of an answer.
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

  /** Its answer has begun: it is no longer late, and the caller may still abort what comes of it. */
  answered({ body }: Response): void {
    clearTimeout(this.#timer)
    if (body) unread.register(body, this)
    else this.end()
  }

  /** Nothing is left that could be aborted. */
  end(): void {
    clearTimeout(this.#timer)
    this.#caller?.removeEventListener('abort', this.#follow)
  }
}

function tooLate(ms: number): DOMException {
  return new DOMException(`No answer within ${ms} ms (attemptTimeoutMs)`, 'TimeoutError')
}
