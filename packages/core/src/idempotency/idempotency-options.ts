import { assertKnownOptions, assertWholeNumber } from '../options/known-options.js'
import type { Outbox } from '../outbox/outbox.js'
import type { IdempotencyStore } from '../ports/idempotency-store.js'
import type { IdempotencyTracing } from '../ports/tracing.js'

/** What {@link createIdempotency} takes. */
export interface IdempotencyOptions<Tx> {
  /** Where keys and answers are kept, and what opens the handlers' transactions. */
  readonly store: IdempotencyStore<Tx>
  /** Needed by handlers that publish. */
  readonly outbox?: Outbox<Tx>
  /**
   * How long a repeat gets the stored answer, in milliseconds by the database's clock. Longer than callers repeat; what
   * comes later counts as a new operation.
   * @default 86400000
   */
  readonly expiresMs?: number
  /**
   * For so long after that a repeat still gets the answer, in milliseconds: for those that were on their way.
   * @default 3600000
   */
  readonly graceMs?: number
  /**
   * Longest time for one operation from the transaction's begin to its commit, in milliseconds.
   * @default 30000
   */
  readonly timeoutMs?: number
  /**
   * How often a transaction is tried again at once after PostgreSQL gave it up in favour of another one.
   * @default 5
   */
  readonly conflictRetries?: number
  /**
   * Largest answer that is stored: its body, and its headers if it has any, in bytes.
   * @default 1048576
   */
  readonly maxAnswerBytes?: number
  /** A tracer, in whose spans operations run. @default none */
  readonly tracing?: IdempotencyTracing
}

/** {@link IdempotencyOptions} with every default in place. */
export interface ResolvedIdempotencyOptions<Tx>
  extends Required<Omit<IdempotencyOptions<Tx>, 'outbox' | 'tracing'>> {
  readonly outbox: Outbox<Tx> | undefined
  readonly tracing: IdempotencyTracing | undefined
}

const defaults = {
  expiresMs: 86_400_000,
  graceMs: 3_600_000,
  timeoutMs: 30_000,
  conflictRetries: 5,
  maxAnswerBytes: 1_048_576,
} satisfies Partial<IdempotencyOptions<unknown>>

const longest = 10 * 365 * 86_400_000

/** @throws OPTION_INVALID */
export function resolveIdempotencyOptions<Tx>(
  options: IdempotencyOptions<Tx>,
): ResolvedIdempotencyOptions<Tx> {
  assertKnownOptions('createIdempotency', options, ['store', 'outbox', 'tracing', ...Object.keys(defaults)])
  const resolved = { ...defaults, ...options, outbox: options.outbox, tracing: options.tracing }
  assertWholeNumber('expiresMs', resolved.expiresMs, { min: 1, max: longest })
  assertWholeNumber('graceMs', resolved.graceMs, { min: 0, max: longest })
  assertWholeNumber('timeoutMs', resolved.timeoutMs, { min: 1, max: 2 ** 31 - 1 })
  assertWholeNumber('conflictRetries', resolved.conflictRetries, { min: 0 })
  assertWholeNumber('maxAnswerBytes', resolved.maxAnswerBytes, { min: 1, max: 2 ** 30 - 1 })
  return resolved
}
