import { type OperationContext, type OperationHandler, refuse } from '@pigeonhole/core'
import { AnswerBody } from './answer-body.js'
import { assertSendable } from './answer-errors.js'
import { type HttpAnswer, replayedHeader, withoutOurs } from './http-answer.js'
import type { ResolvedHttpOptions } from './http-options.js'
import { keyHeader, keyOfHeader } from './key-header.js'
import { problemOf, tellsOfRequest } from './problem.js'

/** A request, as far as its idempotency goes by it. */
export interface KeyedRequest {
  readonly method: string
  /** Path and query, as they came. */
  readonly target: string
  readonly header: (name: string) => string | null | undefined
  /** As it came. */
  readonly body: Uint8Array
}

/** What answers a request in its transaction; `body` takes as much as can be stored. */
export type HttpHandler<Tx> = (context: OperationContext<Tx>, body: AnswerBody) => Promise<HttpAnswer>

/**
 * Answers a request once for its key, and each repeat with the same answer, marked by `idempotency-replayed: true`. Resolves when
 * the transaction has committed, and not before.
 *
 * - 2xx and 3xx: the effects are committed with the answer.
 * - 4xx: the effects are rolled back, the answer is stored.
 * - 5xx, or a throw: no trace is left. An error that is none of ours passes.
 */
export async function answerRequest<Tx, Request>(
  options: ResolvedHttpOptions<Tx, Request>,
  { request, keyed }: { readonly request: Request; readonly keyed: KeyedRequest },
  handler: HttpHandler<Tx>,
): Promise<HttpAnswer> {
  const { idempotency, operation, answers } = options
  // What is not stored goes out with the answer of this very request.
  let fresh: HttpAnswer | undefined
  let thrown: unknown
  const run: OperationHandler<Tx, HttpAnswer> = async (context) => {
    const body = new AnswerBody({ operation, maxBytes: idempotency.maxAnswerBytes })
    const answer = await handler(context, body).catch((error: unknown) => {
      thrown = error
      throw error
    })
    fresh = withoutOurs(answer)
    assertSendable(fresh.status, operation)
    if (fresh.status >= 500) throw new Unstored(fresh.status)
    return fresh.status >= 400 ? refuse(fresh) : fresh
  }
  try {
    const tenant = await options.tenant(request)
    const key = keyOfHeader(keyed.header(keyHeader), operation)
    const { replayed, result } = await idempotency.run(
      { operation, tenant, key, input: [keyed.method, keyed.target, options.bodyInput(keyed.body)] },
      run,
      answers,
    )
    if (!replayed) return fresh ?? result
    return { ...result, headers: [...result.headers, [replayedHeader, 'true']] }
  } catch (error) {
    if (error instanceof Unstored && fresh) return fresh
    // What a handler's own call of another operation was refused for is not to be told of this request's key.
    const problem = error === thrown && tellsOfRequest(error) ? undefined : problemOf(error)
    if (problem) return problem
    throw error
  }
}

/** Leaves the transaction of an answer that is to leave no trace. Those who log it get nothing of the answer but its status. */
class Unstored extends Error {
  /** What spans have as the type of a server's error. */
  readonly code: string

  constructor(status: number) {
    super('the handler answered with 5xx')
    this.code = String(status)
  }
}
