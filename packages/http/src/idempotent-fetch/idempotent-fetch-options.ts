import { assertKnownOptions, assertWholeNumber, type Backoff, PigeonholeError } from '@pigeonhole/core'
import type { StoredOperation } from './operation-key.js'

/** How {@link idempotentFetch} sends and repeats a request. */
export interface IdempotentFetchOptions {
  /**
   * The operation's key, or where it is kept. To go on after a restart of the process, store a key with what is to be done and pass it
   * again; or name the operation and a store of keys, which is asked before the first attempt.
   * @default a random UUID, for the repeats of this call
   */
  readonly key?: string | StoredOperation
  /**
   * How long the server remembers a key, in milliseconds: its `expiresMs`. All attempts of a call have to fit into it, and a stored key
   * that is older is not sent.
   * @default 86400000
   */
  readonly keyLifeMs?: number
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
   * Longest time of one attempt until its answer is there whole, in milliseconds.
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

/** {@link IdempotentFetchOptions} with every default in place. The key is another matter: it may have to be asked for. */
export type ResolvedFetchOptions = Required<Omit<IdempotentFetchOptions, 'key'>>

const defaults = {
  keyLifeMs: 86_400_000,
  attempts: 6,
  backoff: { initialMs: 200, maxMs: 10_000 },
  attemptTimeoutMs: 30_000,
  maxRetryAfterMs: 60_000,
} satisfies IdempotentFetchOptions

const longestTimer = 2 ** 31 - 1

/** @throws OPTION_INVALID */
export function resolveFetchOptions(options: IdempotentFetchOptions): ResolvedFetchOptions {
  assertKnownOptions('idempotentFetch', options, [...Object.keys(defaults), 'key', 'fetch'])
  const resolved = { ...defaults, fetch: globalThis.fetch, ...options }
  assertWholeNumber('keyLifeMs', resolved.keyLifeMs, { min: 1 })
  assertWholeNumber('attempts', resolved.attempts, { min: 1 })
  assertWholeNumber('attemptTimeoutMs', resolved.attemptTimeoutMs, { min: 1, max: longestTimer })
  assertWholeNumber('maxRetryAfterMs', resolved.maxRetryAfterMs, { min: 0, max: longestTimer })
  assertFits(resolved)
  return resolved
}

// Who repeats for longer than the server remembers does the operation twice.
function assertFits({
  keyLifeMs,
  attempts,
  backoff,
  attemptTimeoutMs,
  maxRetryAfterMs,
}: ResolvedFetchOptions): void {
  const pauseMs = Math.max(backoff.maxMs, maxRetryAfterMs)
  const longestMs = attempts * attemptTimeoutMs + (attempts - 1) * pauseMs
  if (longestMs <= keyLifeMs) return
  throw new PigeonholeError('OPTION_INVALID', {
    message:
      `Option keyLifeMs is ${keyLifeMs}, and ${attempts} attempts may take ${longestMs} ms with their pauses: the server would have forgotten ` +
      'the key before the last one. Have it remember for longer (expiresMs), or repeat for less long',
    details: { option: 'keyLifeMs' },
  })
}
