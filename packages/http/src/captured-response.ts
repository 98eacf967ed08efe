import type { OutgoingHttpHeader, OutgoingHttpHeaders, ServerResponse } from 'node:http'
import { grouped, headersSince } from './header-list.js'
import type { HttpAnswer } from './http-answer.js'

const methods = ['writeHead', 'flushHeaders', 'write', 'end'] as const

type Chunk = string | Uint8Array
type Headers = Readonly<Record<string, OutgoingHttpHeader>> | readonly OutgoingHttpHeader[]

/**
 * A response whose handler writes to it as ever, and which sends nothing of that: its own methods are exchanged on the object
 * itself, because frameworks hand on the object that they were given.
 */
export class CapturedResponse {
  readonly #response: ServerResponse
  /** Headers that others had set before the handler. */
  readonly #before: OutgoingHttpHeaders
  /** Methods that others had exchanged before: a compression, a session that is saved at the end. */
  readonly #methods: ReadonlyMap<string, PropertyDescriptor | undefined>

  constructor(response: ServerResponse) {
    this.#response = response
    this.#before = response.getHeaders()
    this.#methods = new Map(methods.map((name) => [name, Object.getOwnPropertyDescriptor(response, name)]))
  }

  /**
   * What a handler answers: resolves when it has ended the response, and rejects where it throws. Headers that others had set
   * before are no part of it. A handler may be run again, after a conflict: it begins anew, and what the earlier attempt still
   * writes, a stream perhaps, is nobody's.
   */
  async answerOf(handler: () => unknown): Promise<HttpAnswer> {
    this.#reset()
    const chunks: Buffer[] = []
    const ended = new Promise<void>((end) => this.#capture(chunks, end))
    await handler()
    await ended
    const headers = headersSince(this.#before, this.#response.getHeaders())
    return { status: this.#response.statusCode, headers, body: Buffer.concat(chunks) }
  }

  /** Gives the response back the methods that it had, and takes off it what the handler had set. */
  release(): void {
    this.#reset()
    for (const [name, before] of this.#methods) {
      Reflect.deleteProperty(this.#response, name)
      if (before) Object.defineProperty(this.#response, name, before)
    }
  }

  /** Sends an answer in the place of whatever was written. */
  send({ status, headers, body }: HttpAnswer): void {
    this.release()
    const response = this.#response
    response.statusCode = status
    for (const [name, values] of grouped(headers)) response.setHeader(name, values)
    response.end(body)
  }

  #reset(): void {
    const response = this.#response
    response.statusCode = 200
    for (const name of response.getHeaderNames()) response.removeHeader(name)
    for (const [name, value] of Object.entries(this.#before))
      if (value !== undefined) response.setHeader(name, value)
  }

  #capture(chunks: Buffer[], end: () => void): void {
    const write = (args: readonly unknown[]): void => collect(chunks, args)
    Object.assign(this.#response, {
      writeHead: (status: number, ...rest: readonly unknown[]) => this.#writeHead(status, rest.at(-1)),
      flushHeaders: () => undefined,
      write: (...args: readonly unknown[]) => {
        write(args)
        return true
      },
      end: (...args: readonly unknown[]) => {
        write(args)
        end()
        return this.#response
      },
    })
  }

  #writeHead(status: number, headers: unknown): ServerResponse {
    const response = this.#response
    response.statusCode = status
    if (typeof headers === 'object' && headers !== null)
      for (const [name, values] of grouped(pairsOf(headers as Headers))) response.setHeader(name, values)
    return response
  }
}

// (chunk), (chunk, encoding), with a callback behind either, or a callback alone.
function collect(chunks: Buffer[], args: readonly unknown[]): void {
  const [chunk, encoding] = args
  const callback = args.at(-1)
  if (typeof chunk === 'string' || chunk instanceof Uint8Array) chunks.push(bytesOf(chunk, encoding))
  if (typeof callback === 'function') process.nextTick(callback)
}

function pairsOf(headers: Headers): [string, string][] {
  const pairs: readonly (readonly [unknown, unknown])[] = Array.isArray(headers)
    ? Array.from({ length: headers.length / 2 }, (_, i) => [headers[2 * i], headers[2 * i + 1]])
    : Object.entries(headers)
  return pairs.flatMap(([name, value]) =>
    [value].flat().map((one): [string, string] => [String(name), String(one)]),
  )
}

function bytesOf(chunk: Chunk, encoding: unknown): Buffer {
  if (typeof chunk !== 'string') return Buffer.from(chunk)
  return Buffer.from(chunk, typeof encoding === 'string' ? (encoding as BufferEncoding) : 'utf8')
}
