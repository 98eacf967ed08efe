import type { Readable } from 'node:stream'
import type { ReadableStream } from 'node:stream/web'
import type { AnswerBody } from './answer-body.js'

/** What turns a payload into an answer, of a reply of Fastify. */
export interface SerialisingReply {
  code(status: number): unknown
  header(name: string, value: unknown): unknown
  getHeaders(): Readonly<Record<string, unknown>>
  serialize(payload: never): string | ArrayBuffer | Buffer
}

/**
 * Writes what a handler has sent or returned into `body`, as `reply.send` would: text and bytes as they are, a stream of either kind to its
 * end, a `Response` with its status and headers, all else serialised as the route says.
 * @throws an Error that was sent: Fastify answers it; ANSWER_TOO_LARGE; what a stream fails with
 */
export async function writePayload(
  reply: SerialisingReply,
  payload: unknown,
  into: { readonly body: AnswerBody; readonly signal: AbortSignal },
): Promise<void> {
  const { body, signal } = into
  if (payload === undefined || payload === null) return
  if (payload instanceof Error) throw payload
  if (ArrayBuffer.isView(payload)) return body.push(bytesOf(payload))
  if (isStream(payload)) return body.collect(payload, signal)
  if (isResponse(payload)) return writeResponse(reply, payload, into)
  const isText = typeof payload === 'string'
  if (reply.getHeaders()['content-type'] === undefined)
    reply.header('content-type', isText ? 'text/plain; charset=utf-8' : 'application/json; charset=utf-8')
  if (isText) return body.push(payload)
  const serialised = reply.serialize(payload as never)
  body.push(serialised instanceof ArrayBuffer ? new Uint8Array(serialised) : serialised)
}

function bytesOf({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength)
}

async function writeResponse(
  reply: SerialisingReply,
  response: Response,
  { body, signal }: { readonly body: AnswerBody; readonly signal: AbortSignal },
): Promise<void> {
  reply.code(response.status)
  for (const [name, value] of response.headers) reply.header(name, value)
  if (response.body) await body.collect(response.body as ReadableStream, signal)
}

// By their shapes, as Fastify tells them: there is more than one class of each.
function isStream(payload: unknown): payload is Readable | ReadableStream {
  const { pipe, getReader } = payload as { readonly pipe?: unknown; readonly getReader?: unknown }
  return typeof pipe === 'function' || typeof getReader === 'function'
}

function isResponse(payload: unknown): payload is Response {
  return Object.prototype.toString.call(payload) === '[object Response]'
}
