import { randomUUID } from 'node:crypto'
import {
  assertKnownOptions,
  assertWholeNumber,
  type Backoff,
  backoffDelay,
  PigeonholeError,
  systemClock,
} from '@pigeonhole/core'
import { keyHeader } from './key-header.js'
import { retryAfterMs } from './retry-after.js'

/** How {@link idempotentFetch} sends and repeats a request. */
export interface IdempotentFetchOptions {
  /**
   * The operation's key. To go on after a restart of the process, choose one, store it with what is to be done, and pass it again.
   * @default a random UUID, for the repeats of this call
   */
  readonly key?: string
  /**
   * How often the request is sent at most.
   * @default 6
   */
  readonly attempts?: number
  /**
   * The pause before a repeat, in milliseconds: first, and at most. A server's `Retry-After` may make it longer.
   * @default from 200 to 10000
   */
  readonly backoff?: Backoff
  /**
   * Longest time of one attempt until its answer begins, in milliseconds.
   * @default 30000
   */
  readonly attemptTimeoutMs?: number
  /**
   * Longest `Retry-After` that is waited for, in milliseconds. Where a server asks for more, its answer is the result.
   * @default 60000
   */
  readonly maxRetryAfterMs?: number
  /** @default the platform's */
  readonly fetch?: typeof fetch
}

const defaults = {
  attempts: 6,
  backoff: { initialMs: 200, maxMs: 10_000 },
  attemptTimeoutMs: 30_000,
  maxRetryAfterMs: 60_000,
} satisfies IdempotentFetchOptions

type Resolved = Required<IdempotentFetchOptions>

/**
 * Sends a request under one `Idempotency-Key`, and repeats it with the same key until its outcome is known: where no answer came, after
 * 429, 500, 502, 503 and 504, and after 409 with `Retry-After`, which is how a server says that the first attempt still runs. Resolves to the
 * first other answer, or to the last one when all attempts are used up.
 * @throws the last error of the network; OPTION_INVALID, also for a body that can be sent only once; what `init.signal` aborts with
 */
export async function idempotentFetch(
  url: string | URL,
  init: RequestInit = {},
  options: IdempotentFetchOptions = {},
): Promise<Response> {
  const resolved = resolve(options)
  const body = await repeatable(init.body)
  const headers = new Headers(init.headers)
  headers.set(keyHeader, resolved.key)
  for (let attempt = 1; ; attempt++) {
    const outcome = await send(url, { ...init, ...(body === undefined ? {} : { body }), headers }, resolved)
    const pauseMs = attempt < resolved.attempts ? pauseBefore(outcome, attempt, resolved) : undefined
    if (pauseMs === undefined) return settle(outcome)
    // A connection that has broken by now says nothing that matters: it is repeated anyway.
    await outcome.response?.body?.cancel().catch(() => undefined)
    await systemClock.sleep(pauseMs, init.signal ?? undefined)
    init.signal?.throwIfAborted()
  }
}

/** What came of an attempt: an answer, or an error of the network. */
type Outcome = { readonly response: Response } | { readonly response?: undefined; readonly error: unknown }

async function send(
  url: string | URL,
  init: RequestInit,
  { fetch, attemptTimeoutMs }: Resolved,
): Promise<Outcome> {
  const late = new AbortController()
  const timer = setTimeout(() => late.abort(tooLate(attemptTimeoutMs)), attemptTimeoutMs)
  const signal = init.signal ? AbortSignal.any([init.signal, late.signal]) : late.signal
  try {
    return { response: await fetch(url, { ...init, signal }) }
  } catch (error) {
    init.signal?.throwIfAborted()
    return { error }
  } finally {
    clearTimeout(timer)
  }
}

// Behind each of these a repeat may find another answer, and none of them says that the request was wrong.
const passing: ReadonlySet<number> = new Set([429, 500, 502, 503, 504])

// Undefined where the outcome is known, or a repeat would come too early.
function pauseBefore(
  { response }: Outcome,
  attempt: number,
  { backoff, maxRetryAfterMs }: Resolved,
): number | undefined {
  const ownMs = backoffDelay(backoff, attempt)
  if (!response) return ownMs
  const askedMs = retryAfterMs(response.headers.get('retry-after'), Date.now())
  const isPassing = passing.has(response.status) || (response.status === 409 && askedMs !== undefined)
  if (!isPassing || (askedMs ?? 0) > maxRetryAfterMs) return undefined
  return Math.max(ownMs, askedMs ?? 0)
}

function settle(outcome: Outcome): Response {
  if (outcome.response) return outcome.response
  throw outcome.error
}

function resolve(options: IdempotentFetchOptions): Resolved {
  assertKnownOptions('idempotentFetch', options, [...Object.keys(defaults), 'key', 'fetch'])
  const resolved = { ...defaults, key: randomUUID(), fetch: globalThis.fetch, ...options }
  assertKey(resolved.key)
  assertWholeNumber('attempts', resolved.attempts, { min: 1 })
  assertWholeNumber('attemptTimeoutMs', resolved.attemptTimeoutMs, { min: 1, max: 2 ** 31 - 1 })
  assertWholeNumber('maxRetryAfterMs', resolved.maxRetryAfterMs, { min: 0, max: 2 ** 31 - 1 })
  return resolved
}

// An id that was not there must not become the key of every call.
function assertKey(key: unknown): void {
  if (typeof key === 'string' && /^[\x21-\x7e]{1,255}$/.test(key)) return
  throw new PigeonholeError('OPTION_INVALID', {
    message: `Option key is ${typeof key === 'string' ? 'no key' : String(key)}: it takes 1 to 255 visible ASCII characters, or is left out`,
    details: { option: 'key' },
  })
}

// A form's parts are divided by a text that is made anew each time it is sent: the repeat would be another request.
async function repeatable(body: RequestInit['body']): Promise<RequestInit['body'] | undefined> {
  if (body instanceof FormData) return await new Response(body).blob()
  const isStream =
    typeof body === 'object' && body !== null && Symbol.asyncIterator in body && !(body instanceof Uint8Array)
  if (!isStream) return body
  throw new PigeonholeError('OPTION_INVALID', {
    message:
      'Option body is a stream, which can be sent once: pass text, bytes, a Blob, FormData or URLSearchParams',
    details: { option: 'body' },
  })
}

function tooLate(ms: number): DOMException {
  return new DOMException(`No answer within ${ms} ms (attemptTimeoutMs)`, 'TimeoutError')
}
