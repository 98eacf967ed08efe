import {
  type AnswerCodec,
  assertKnownOptions,
  type FingerprintInput,
  type Idempotency,
} from '@pigeonhole/core'
import { type HttpAnswer, httpAnswers } from './http-answer.js'

/** What every way into HTTP takes; `Request` is the framework's. */
export interface HttpIdempotencyOptions<Tx, Request> {
  readonly idempotency: Idempotency<Tx>
  /** What is asked for: a name for each route and method. Keys of two operations are apart. */
  readonly operation: string
  /**
   * Whose key it is, from the authenticated caller: nobody gets the answer to another tenant's request. Authenticate before. What
   * is no text is refused: a caller that was not found is not the tenant that all share.
   * @default () => ''
   */
  readonly tenant?: (request: Request) => string | Promise<string>
  /**
   * What of a request's body tells it from another request. {@link sameJson} has a repeat whose JSON is written otherwise be the same. A
   * change of it has repeats of what was asked for before refused with 422, for as long as those keys live.
   * @default its bytes as they came
   */
  readonly bodyInput?: (body: Uint8Array) => FingerprintInput
  /**
   * Names of headers of an answer that are neither stored nor replayed. A cookie is a secret, and stale when it is replayed: it
   * goes out with the first answer alone.
   * @default ['set-cookie']
   */
  readonly unstoredHeaders?: readonly string[]
}

/** {@link HttpIdempotencyOptions} with every default in place. */
export interface ResolvedHttpOptions<Tx, Request>
  extends Required<Omit<HttpIdempotencyOptions<Tx, Request>, 'unstoredHeaders'>> {
  /** How answers are stored. */
  readonly answers: AnswerCodec<HttpAnswer>
}

const known = ['idempotency', 'operation', 'tenant', 'bodyInput', 'unstoredHeaders']

/** @throws OPTION_INVALID */
export function resolveHttpOptions<Tx, Request>(
  owner: string,
  options: HttpIdempotencyOptions<Tx, Request>,
  further: readonly string[] = [],
): ResolvedHttpOptions<Tx, Request> {
  assertKnownOptions(owner, options, [...known, ...further])
  const { idempotency, operation, tenant = () => '', unstoredHeaders = ['set-cookie'] } = options
  const { bodyInput = (body) => body } = options
  const answers = httpAnswers({ operation, unstored: unstoredHeaders })
  return { idempotency, operation, tenant, bodyInput, answers }
}
