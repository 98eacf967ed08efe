import type { OutgoingHttpHeader, ServerResponse } from 'node:http'
import type { HttpAnswer } from './http-answer.js'

type Chunk = string | Uint8Array
type Headers = Readonly<Record<string, OutgoingHttpHeader>> | readonly OutgoingHttpHeader[]

/**
 * A response whose handler writes to it as ever, and which sends nothing of that: its own methods are exchanged on the object
 * itself, because frameworks hand on the object that they were given.
 */
export class CapturedResponse {
  readonly #response: ServerResponse
  readonly #chunks: Buffer[] = []
  readonly #ended: Promise<void>
  #end: () => void = () => undefined

  constructor(response: ServerResponse) {
    this.#response = response
    this.#ended = new Promise((resolve) => {
      this.#end = resolve
    })
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

  /** What a handler answers: resolves when it has ended the response, and rejects where it throws. */
  async answerOf(handler: () => unknown): Promise<HttpAnswer> {
    this.#chunks.length = 0
    await handler()
    await this.#ended
    const headers = Object.entries(this.#response.getHeaders()).flatMap(([name, value]) =>
      [value ?? []].flat().map((one) => [name, String(one)] as const),
    )
    return { status: this.#response.statusCode, headers, body: Buffer.concat(this.#chunks) }
  }

  /** Gives the response its own methods back. */
  release(): void {
    for (const name of ['writeHead', 'flushHeaders', 'write', 'end'])
      Reflect.deleteProperty(this.#response, name)
  }

  /** Sends an answer in the place of whatever was written. */
  send({ status, headers, body }: HttpAnswer): void {
    this.release()
    const response = this.#response
    for (const name of response.getHeaderNames()) response.removeHeader(name)
    response.statusCode = status
    for (const [name, value] of headers) response.appendHeader(name, value)
    response.end(body)
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
