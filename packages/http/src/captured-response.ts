import type { OutgoingHttpHeader, OutgoingHttpHeaders, ServerResponse } from 'node:http'
import { grouped, headersSince } from './header-list.js'
import type { HttpAnswer } from './http-answer.js'

type Chunk = string | Uint8Array
type Headers = Readonly<Record<string, OutgoingHttpHeader>> | readonly OutgoingHttpHeader[]

/**
 * A response whose handler writes to it as ever, and which sends nothing of that: its own methods are exchanged on the object
 * itself, because frameworks hand on the object that they were given.
 */
export class CapturedResponse {
  readonly #response: ServerResponse
  /** What others had set before the handler. */
  readonly #before: OutgoingHttpHeaders
  readonly #chunks: Buffer[] = []
  #end: () => void = () => undefined

  constructor(response: ServerResponse) {
    this.#response = response
    this.#before = response.getHeaders()
    Object.assign(response, {
      writeHead: (status: number, ...rest: readonly unknown[]) => this.#writeHead(status, rest.at(-1)),
      flushHeaders: () => undefined,
      write: (...args: readonly unknown[]) => this.#write(args),
      end: (...args: readonly unknown[]) => {
        this.#write(args)
        this.#end()
        return response
      },
    })
  }

  /**
   * What a handler answers: resolves when it has ended the response, and rejects where it throws. Headers that others had set
   * before are no part of it. A handler may be run again, after a conflict: it begins anew.
   */
  async answerOf(handler: () => unknown): Promise<HttpAnswer> {
    this.#reset()
    const ended = new Promise<void>((resolve) => {
      this.#end = resolve
    })
    await handler()
    await ended
    const headers = headersSince(this.#before, this.#response.getHeaders())
    return { status: this.#response.statusCode, headers, body: Buffer.concat(this.#chunks) }
  }

  /** Gives the response its own methods back, and takes off it what the handler had set. */
  release(): void {
    this.#reset()
    for (const name of ['writeHead', 'flushHeaders', 'write', 'end'])
      Reflect.deleteProperty(this.#response, name)
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
    this.#chunks.length = 0
    response.statusCode = 200
    for (const name of response.getHeaderNames()) response.removeHeader(name)
    for (const [name, value] of Object.entries(this.#before))
      if (value !== undefined) response.setHeader(name, value)
  }

  #writeHead(status: number, headers: unknown): ServerResponse {
    const response = this.#response
    response.statusCode = status
    if (typeof headers === 'object' && headers !== null)
      for (const [name, value] of pairsOf(headers as Headers)) response.setHeader(name, value as string)
    return response
  }

  // (chunk), (chunk, encoding), with a callback behind either, or a callback alone.
  #write(args: readonly unknown[]): boolean {
    const [chunk, encoding] = args
    const callback = args.at(-1)
    if (typeof chunk === 'string' || chunk instanceof Uint8Array) this.#chunks.push(bytesOf(chunk, encoding))
    if (typeof callback === 'function') process.nextTick(callback)
    return true
  }
}

function pairsOf(headers: Headers): [string, OutgoingHttpHeader][] {
  if (!Array.isArray(headers)) return Object.entries(headers)
  return Array.from({ length: headers.length / 2 }, (_, i) => [String(headers[2 * i]), headers[2 * i + 1]])
}

function bytesOf(chunk: Chunk, encoding: unknown): Buffer {
  if (typeof chunk !== 'string') return Buffer.from(chunk)
  return Buffer.from(chunk, typeof encoding === 'string' ? (encoding as BufferEncoding) : 'utf8')
}
