import { Readable } from 'node:stream'
import type { OperationContext } from '@pigeonhole/core'
import { answerRequest } from './answer-request.js'
import { CapturedReply, type FastifyReplyLike } from './captured-reply.js'
import { type HttpIdempotencyOptions, resolveHttpOptions } from './http-options.js'
import { type BodiedRequest, bodyOf, keepBody } from './raw-body.js'

/** A request of Fastify, by its shape. */
export interface FastifyRequestLike extends BodiedRequest {
  readonly method: string
  readonly originalUrl: string
  readonly routeOptions: { readonly bodyLimit?: number }
}

/** Answers a request in its transaction, as it would without one: by what it returns, or by `reply.send`. */
export type FastifyHandler<Tx, Req, Rep> = (
  request: Req,
  reply: Rep,
  context: OperationContext<Tx>,
) => unknown

const defaultBodyLimit = 1_048_576

/**
 * A hook `preParsing` that keeps the bytes of a body for {@link idempotentFastify}: `app.addHook('preParsing', keepRawFastifyBody)`. A
 * body is read as a whole, up to the route's `bodyLimit`.
 */
export async function keepRawFastifyBody(
  request: FastifyRequestLike,
  _reply: unknown,
  payload: Readable,
): Promise<Readable> {
  const { bodyLimit = defaultBodyLimit } = request.routeOptions
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of payload as AsyncIterable<Buffer>) {
    bytes += chunk.byteLength
    chunks.push(chunk)
    // Fastify refuses it itself, by what it is given here.
    if (bytes > bodyLimit) break
  }
  const body = Buffer.concat(chunks)
  keepBody(request, body)
  // Fastify holds the length of what came to the header Content-Length.
  return Object.assign(Readable.from(body.length === 0 ? [] : [body]), { receivedEncodedLength: bytes })
}

/**
 * Wraps a handler of Fastify: a request is answered once for its `Idempotency-Key`, and each repeat with the same status, headers and
 * body. What the handler returns, or sends then or later, is serialised as the route says, and leaves when the transaction has
 * committed; a stream is read to its end.
 * @throws OPTION_INVALID
 */
export function idempotentFastify<Tx, Req extends FastifyRequestLike, Rep extends FastifyReplyLike>(
  options: HttpIdempotencyOptions<Tx, Req>,
  handler: FastifyHandler<Tx, Req, Rep>,
): (request: Req, reply: Rep) => Promise<Buffer> {
  const resolved = resolveHttpOptions('idempotentFastify', options)
  return async (request, reply) => {
    const keyed = {
      method: request.method,
      target: request.originalUrl,
      header: (name: string) => [request.headers[name] ?? []].flat().join(', '),
      body: bodyOf(request, "app.addHook('preParsing', keepRawFastifyBody)"),
    }
    const captured = new CapturedReply(reply, resolved.operation)
    const answering = answerRequest(resolved, { request, keyed }, (context, body) =>
      captured.answerOf((own) => handler(request, own, context), { body, signal: context.signal }),
    )
    try {
      return captured.apply(await answering)
    } catch (error) {
      captured.release()
      throw error
    }
  }
}
