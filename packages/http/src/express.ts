import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http'
import type { OperationContext } from '@pigeonhole/core'
import { answerRequest } from './answer-request.js'
import { CapturedResponse } from './captured-response.js'
import { type HttpIdempotencyOptions, resolveHttpOptions } from './http-options.js'
import { bodyOf, keepBody } from './raw-body.js'

/** A request of Express, or of anything over node:http. */
export interface NodeRequest extends IncomingMessage {
  /** Express's: the path before a router has taken its part off. */
  readonly originalUrl?: string
}

/** Answers a request in its transaction, as it would without one: `response.status(201).json(order)`. */
export type NodeHandler<Tx, Req, Res> = (
  request: Req,
  response: Res,
  context: OperationContext<Tx>,
) => unknown

/**
 * Keeps the bytes of a body for {@link idempotentRoute}: `express.json({ verify: keepRawBody })`, and so for the other parsers of
 * Express, whose `limit` bounds it.
 */
export function keepRawBody(request: IncomingMessage, _response: ServerResponse, body: Buffer): void {
  keepBody(request, body)
}

/**
 * Wraps a handler of Express: a request is answered once for its `Idempotency-Key`, and each repeat with the same status, headers and
 * body. What the handler sends is kept until the transaction has committed; a stream that is piped into the response is read to its
 * end, and 'finish' comes to the handler's listeners when it has ended the response. Errors go on to `next`.
 * @throws OPTION_INVALID
 */
export function idempotentRoute<Tx, Req extends NodeRequest, Res extends ServerResponse>(
  options: HttpIdempotencyOptions<Tx, Req>,
  handler: NodeHandler<Tx, Req, Res>,
): (request: Req, response: Res, next: (error?: unknown) => void) => Promise<void> {
  const resolved = resolveHttpOptions('idempotentRoute', options)
  return async (request, response, next) => {
    const captured = new CapturedResponse(response)
    try {
      const keyed = {
        method: request.method ?? '',
        target: request.originalUrl ?? request.url ?? '',
        header: (name: string) => textOf(request.headers[name]),
        body: bodyOf(request, 'express.json({ verify: keepRawBody })'),
      }
      const answer = await answerRequest(resolved, { request, keyed }, (context, body) =>
        captured.answerOf((own) => handler(request, own, context), body),
      )
      captured.send(answer)
    } catch (error) {
      captured.release()
      next(error)
    }
  }
}

function textOf(value: OutgoingHttpHeaders[string]): string | undefined {
  return Array.isArray(value) ? value.join(', ') : value === undefined ? undefined : String(value)
}
