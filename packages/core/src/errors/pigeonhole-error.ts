import type { ErrorCode, ErrorDetails } from './error-codes.js'

// Registered, so that two copies of this package in one process recognise each other's errors.
const brand = Symbol.for('pigeonhole.error')

/** What {@link PigeonholeError} is made from. */
export interface PigeonholeErrorInit<C extends ErrorCode> {
  /** What is wrong, with which value, and what to do next. */
  readonly message: string
  readonly details: ErrorDetails[C]
  /** The foreign error behind this one, unmodified. */
  readonly cause?: unknown
  /** Whether the same call may succeed when it is made again. Default false. */
  readonly retryable?: boolean
}

/** The one class of error that Pigeonhole throws. `code` says which one, `details` carries its values. */
export class PigeonholeError<C extends ErrorCode = ErrorCode> extends Error {
  override readonly name = 'PigeonholeError'
  readonly code: C
  readonly details: ErrorDetails[C]
  readonly retryable: boolean

  constructor(code: C, init: PigeonholeErrorInit<C>) {
    super(init.message, init.cause === undefined ? undefined : { cause: init.cause })
    this.code = code
    this.details = init.details
    this.retryable = init.retryable ?? false
    Object.defineProperty(this, brand, { value: true })
  }
}

/** Whether `error` is a {@link PigeonholeError}, of any copy of this package, and has one of `codes` if any are given. */
export function isPigeonholeError<C extends ErrorCode = ErrorCode>(
  error: unknown,
  ...codes: readonly C[]
): error is { [K in C]: PigeonholeError<K> }[C] {
  if (typeof error !== 'object' || error === null || !(brand in error)) return false
  return codes.length === 0 || codes.includes((error as { code?: unknown }).code as C)
}
