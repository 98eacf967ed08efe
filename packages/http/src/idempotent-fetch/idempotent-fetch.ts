import { backoffDelay, systemClock } from '@pigeonhole/core'
import { replayedHeader } from '../http-answer.js'
import { Attempt } from './attempt.js'
import {
  type IdempotentFetchOptions,
  type ResolvedFetchOptions,
  resolveFetchOptions,
} from './idempotent-fetch-options.js'
import { assertRemembered, operationKey } from './operation-key.js'
import { repeatableRequest } from './repeatable-request.js'
import { retryAfterMs } from './retry-after.js'

/**
 * Sends a request under one `Idempotency-Key`, and repeats it with the same key until its outcome is known: where no answer came, or
 * only a part of one, after 408, 425, 429, 500, 502, 503 and 504, and after 409 with `Retry-After`, which is how a server says that the
 * first attempt still runs. An answer that is marked as replayed is the outcome, whatever it says. Resolves to the first other answer, or
 * to the last one when all attempts are used up: its outcome is not known then. The body of the answer is there whole, in memory.
 *
 * An answer of something before the server (401 of a gateway, 413 of a proxy) is the outcome of its own attempt alone: where an earlier
 * one got no answer, the operation may have been done. A caller that keeps its key asks again under it.
 * @throws the last error of the network; KEY_EXPIRED; OPTION_INVALID, also for a body that can be sent only once; TypeError for a request
 * that fetch would not send; what `init.signal` aborts with; what a store of keys throws
 */
export async function idempotentFetch(
  url: string | URL,
  init: RequestInit = {},
  options: IdempotentFetchOptions = {},
): Promise<Response> {
  const resolved = resolveFetchOptions(options)
  const { signal } = init
  const kept = await operationKey(options)
  const request = await repeatableRequest(init, kept.key)
  // What fetch refuses to send looks like an error of the network, and would be repeated.
  void new Request(url, { ...request, signal: null })
  for (let count = 1; ; count++) {
    assertRemembered(kept, resolved.keyLifeMs, Date.now())
    const outcome = await send(url, request, resolved)
    const pauseMs = count < resolved.attempts ? pauseBefore(outcome, count, resolved) : undefined
    if (pauseMs === undefined) return settle(outcome)
    await systemClock.sleep(pauseMs, signal ?? undefined)
    signal?.throwIfAborted()
  }
}

/** What came of an attempt: an answer, or an error of the network. */
type Outcome = { readonly response: Response } | { readonly response?: undefined; readonly error: unknown }

async function send(
  url: string | URL,
  request: RequestInit,
  { fetch, attemptTimeoutMs }: ResolvedFetchOptions,
): Promise<Outcome> {
  const attempt = new Attempt(request.signal, attemptTimeoutMs)
  try {
    const response = await fetch(url, { ...request, signal: attempt.signal })
    await readWhole(response)
    return { response }
  } catch (error) {
    request.signal?.throwIfAborted()
    return { error }
  } finally {
    attempt.end()
  }
}

// An answer whose connection breaks half-way is none yet: nobody could ask for the rest of it under a key that was made here.
async function readWhole(response: Response): Promise<void> {
  await response.clone().arrayBuffer()
}

// Behind each of these a repeat may find another answer, and none of them says that the request was wrong.
const passing: ReadonlySet<number> = new Set([408, 425, 429, 500, 502, 503, 504])

// Undefined where the outcome is known, or a repeat would come too early.
function pauseBefore(
  { response }: Outcome,
  count: number,
  { backoff, maxRetryAfterMs }: ResolvedFetchOptions,
): number | undefined {
  const ownMs = backoffDelay(backoff, count)
  if (!response) return ownMs
  if (response.headers.get(replayedHeader) === 'true') return undefined
  const askedMs = retryAfterMs(response.headers, Date.now())
  const isPassing = passing.has(response.status) || (response.status === 409 && askedMs !== undefined)
  if (!isPassing || (askedMs ?? 0) > maxRetryAfterMs) return undefined
  return Math.max(ownMs, askedMs ?? 0)
}

function settle(outcome: Outcome): Response {
  if (outcome.response) return outcome.response
  throw outcome.error
}
