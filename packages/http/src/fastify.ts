import { Readable } from 'node:stream'
import type { OperationContext } from '@pigeonhole/core'
import { answerRequest } from './answer-request.js'
import { writePayload } from './fastify-payload.js'
import { grouped, headersSince } from './header-list.js'
import type { HttpAnswer } from './http-answer.js'
import { type HttpIdempotencyOptions, resolveHttpOptions } from './http-options.js'
import { type BodiedRequest, bodyOf, keepBody } from './raw-body.js'

/** A request of Fastify, by its shape. */
export interface FastifyRequestLike extends BodiedRequest {
  readonly method: string
  readonly originalUrl: string
  readonly routeOptions: { readonly bodyLimit?: number }
}

/** Headers of a reply. */
export type FastifyHeaders = Record<string, number | string | string[] | undefined>

/** A reply of Fastify, by its shape. */
export interface FastifyReplyLike {
  statusCode: number
  code(status: number): unknown
  header(name: string, value: unknown): unknown
  removeHeader(name: string): unknown
  getHeaders(): FastifyHeaders
  serialize(payload: never): string | ArrayBuffer | Buffer
  send(payload?: unknown): unknown
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
    const before = { ...reply.getHeaders() }
    const answering = answerRequest(resolved, { request, keyed }, async (context, body) => {
      reset(reply, before)
      const payload = await payloadOf(reply, (silent) => handler(request, silent, context))
      await writePayload(reply, payload, { body, signal: context.signal })
      const headers = headersSince(before, reply.getHeaders())
      return { status: reply.statusCode, headers, body: body.bytes() }
    })
    // Also what Fastify answers to an error has nothing of an attempt that has come to nothing.
    const answer = await answering.finally(() => reset(reply, before))
    return apply(reply, answer)
  }
}

// What a handler answers with. As Fastify has it: one that returns nothing and is no promise sends later, and one that has
// sent may return what it likes.
async function payloadOf<Rep extends FastifyReplyLike>(
  reply: Rep,
  handle: (reply: Rep) => unknown,
): Promise<unknown> {
  let sent: { readonly payload: unknown } | undefined
  let tellSent: () => void = () => undefined
  const sending = new Promise<void>((resolve) => {
    tellSent = resolve
  })
  // What is sent is kept; all else of the reply is as it is.
  const silent: Rep = new Proxy(reply, {
    get(target, property, receiver) {
      // Fastify's reply is a promise of its own end, which comes behind the transaction.
      if (property === 'then') return undefined
      if (property !== 'send') return Reflect.get(target, property, target)
      return (payload: unknown) => {
        sent ??= { payload }
        tellSent()
        return receiver
      }
    },
  })
  const begun = handle(silent)
  const returned = await begun
  if (begun === undefined || returned === silent) await sending
  return sent ? sent.payload : returned
}

// Headers that others had set before the handler are no part of its answer, and stay. It may be run again after a conflict.
function reset(reply: FastifyReplyLike, before: FastifyHeaders): void {
  reply.code(200)
  for (const name of Object.keys(reply.getHeaders())) reply.removeHeader(name)
  for (const [name, value] of Object.entries(before)) if (value !== undefined) reply.header(name, value)
}

function apply(reply: FastifyReplyLike, { status, headers, body }: HttpAnswer): Buffer {
  reply.code(status)
  // Fastify adds a cookie to those that are there.
  for (const name of grouped(headers).keys()) reply.removeHeader(name)
  for (const [name, values] of grouped(headers)) reply.header(name, values)
  return Buffer.from(body)
}
