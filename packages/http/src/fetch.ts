import type { ReadableStream } from 'node:stream/web'
import { assertWholeNumber, type OperationContext, PigeonholeError } from '@pigeonhole/core'
import type { AnswerBody } from './answer-body.js'
import { answerMissing, bodiless } from './answer-errors.js'
import { answerRequest } from './answer-request.js'
import type { HttpAnswer } from './http-answer.js'
import { type HttpIdempotencyOptions, resolveHttpOptions } from './http-options.js'
import { problemOf } from './problem.js'

/** What {@link idempotentHandler} takes. */
export interface FetchIdempotencyOptions<Tx> extends HttpIdempotencyOptions<Tx, Request> {
  /**
   * Largest body of a request, in bytes: it is read as a whole.
   * @default 1048576
   */
  readonly maxBodyBytes?: number
}

/** Answers a request in its transaction. The request's body is there to be read. */
export type FetchHandler<Tx> = (
  request: Request,
  context: OperationContext<Tx>,
) => Promise<Response> | Response

/**
 * Wraps a handler from `Request` to `Response` (Hono, Next, Deno, Bun): a request is answered once for its `Idempotency-Key`, and
 * each repeat with the same status, headers and body. The response is read to its end, and given when the transaction has
 * committed.
 * @throws OPTION_INVALID
 */
export function idempotentHandler<Tx>(
  options: FetchIdempotencyOptions<Tx>,
  handler: FetchHandler<Tx>,
): (request: Request) => Promise<Response> {
  const { maxBodyBytes = 1_048_576 } = options
  const resolved = resolveHttpOptions('idempotentHandler', options, ['maxBodyBytes'])
  assertWholeNumber('maxBodyBytes', maxBodyBytes, { min: 0 })
  return async (request) => {
    const body = await readBody(request, maxBodyBytes)
    if (!body) return responseOf(tooLarge(maxBodyBytes))
    const { pathname, search } = new URL(request.url)
    const keyed = {
      method: request.method,
      target: pathname + search,
      header: (name: string) => request.headers.get(name),
      body,
    }
    const answer = await answerRequest(resolved, { request, keyed }, async (context, answered) => {
      const response: Response | undefined = await handler(withBody(request, body), context)
      if (!response) throw answerMissing(resolved.operation, 'return a Response')
      return answerOf(response, answered, context.signal)
    })
    return responseOf(answer)
  }
}

// Undefined where it is larger.
async function readBody(request: Request, maxBytes: number): Promise<Uint8Array | undefined> {
  const chunks: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of (request.body ?? []) as AsyncIterable<Uint8Array>) {
    bytes += chunk.byteLength
    if (bytes > maxBytes) return undefined
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

function withBody(request: Request, body: Uint8Array): Request {
  const { method, headers, url, signal } = request
  const isBodiless = method === 'GET' || method === 'HEAD'
  return new Request(url, { method, headers, signal, ...(isBodiless ? {} : { body: new Uint8Array(body) }) })
}

async function answerOf(response: Response, body: AnswerBody, signal: AbortSignal): Promise<HttpAnswer> {
  if (response.body) await body.collect(response.body as ReadableStream, signal)
  return { status: response.status, headers: [...response.headers], body: body.bytes() }
}

function responseOf({ status, headers, body }: HttpAnswer): Response {
  const appended = new Headers()
  for (const [name, value] of headers) appended.append(name, value)
  // Response refuses a body where there is none. Headers that come later would stand beside a type that the server has guessed by then.
  return new Response(bodiless.has(status) ? null : new Uint8Array(body), { status, headers: appended })
}

function tooLarge(maxBytes: number): HttpAnswer {
  const error = new PigeonholeError('BODY_TOO_LARGE', {
    message: `The body of a request is larger than maxBodyBytes, ${maxBytes}`,
    details: { maxBytes },
  })
  return problemOf(error) as HttpAnswer
}
