import { EventEmitter } from 'node:events'
import type { OutgoingHttpHeader, OutgoingHttpHeaders, ServerResponse } from 'node:http'
import type { Readable } from 'node:stream'
import type { AnswerBody } from './answer-body.js'
import { grouped, headersSince } from './header-list.js'
import type { HttpAnswer } from './http-answer.js'
import { listenerMethods, listeningTo } from './response-listeners.js'

const methods = ['writeHead', 'flushHeaders', 'write', 'end', 'destroy', ...listenerMethods] as const

type Headers = Readonly<Record<string, OutgoingHttpHeader>> | readonly OutgoingHttpHeader[]

/** How a handler is done with its response. */
interface Ending {
  readonly ended: () => void
  readonly failed: (error: unknown) => void
}

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
  /** Streams that a handler has piped into the response. */
  readonly #sources = new Set<Readable>()

  constructor(response: ServerResponse) {
    this.#response = response
    this.#before = response.getHeaders()
    this.#methods = new Map(methods.map((name) => [name, Object.getOwnPropertyDescriptor(response, name)]))
  }

  /**
   * What a handler answers: resolves when it has ended the response, and rejects where it throws, destroys the response, or writes
   * more than `body` takes. Headers that others had set before are no part of it. A handler may be run again, after a conflict: it
   * begins anew, and streams of the earlier attempt are destroyed.
   */
  async answerOf(handler: () => unknown, body: AnswerBody): Promise<HttpAnswer> {
    this.#reset()
    const ended = new Promise<HttpAnswer>((resolve, reject) =>
      this.#capture(body, { ended: () => resolve(this.#answerWith(body)), failed: reject }),
    )
    const [answer] = await Promise.all([ended, (async () => handler())()])
    return answer
  }

  #answerWith(body: AnswerBody): HttpAnswer {
    const headers = headersSince(this.#before, this.#response.getHeaders())
    return { status: this.#response.statusCode, headers, body: body.bytes() }
  }

  /**
   * Gives the response back the methods that it had, and takes off it what the handler had set. What a handler that was given up
   * still writes behind the end is nobody's: Node would take it for a fault of the response, and end the process.
   */
  release(): void {
    this.#reset()
    const end = this.#response.end.bind(this.#response) as (...args: readonly unknown[]) => unknown
    this.#exchange({
      end: (...args: readonly unknown[]) => {
        end(...args)
        this.#exchange({ write: () => false, end: () => this.#response })
        return this.#response
      },
    })
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
    this.#giveBack()
    const response = this.#response
    response.statusCode = 200
    for (const name of response.getHeaderNames()) response.removeHeader(name)
    for (const [name, value] of Object.entries(this.#before))
      if (value !== undefined) response.setHeader(name, value)
  }

  #giveBack(): void {
    for (const [name, before] of this.#methods) {
      Reflect.deleteProperty(this.#response, name)
      if (before) Object.defineProperty(this.#response, name, before)
    }
    this.#response.off('pipe', this.#keepSource)
    this.#endSources()
  }

  // What has not come to its end by then is nobody's.
  #endSources(): void {
    for (const source of this.#sources) source.unpipe(this.#response).destroy()
    this.#sources.clear()
  }

  readonly #keepSource = (source: Readable): void => void this.#sources.add(source)

  #exchange(exchanged: Readonly<Record<string, unknown>>): void {
    Object.assign(this.#response, exchanged)
  }

  #capture(body: AnswerBody, { ended, failed }: Ending): void {
    const own = new EventEmitter()
    const fail = (error: unknown): void => {
      failed(error)
      this.#endSources()
    }
    let isEnded = false
    const write = (args: readonly unknown[]): boolean => {
      // Node takes nothing behind the end either: a second answer, where a handler goes on after its first one, is none.
      if (isEnded) return false
      try {
        collect(body, args)
        return true
      } catch (error) {
        fail(error)
        return false
      }
    }
    this.#response.on('pipe', this.#keepSource)
    this.#exchange({
      ...listeningTo(this.#response, own),
      writeHead: (status: number, ...rest: readonly unknown[]) => this.#writeHead(status, rest.at(-1)),
      flushHeaders: () => undefined,
      write: (...args: readonly unknown[]) => write(args),
      end: (...args: readonly unknown[]) => {
        write(args)
        if (isEnded) return this.#response
        isEnded = true
        ended()
        process.nextTick(() => tellOfTheEnd(own))
        return this.#response
      },
      destroy: (error?: unknown) => {
        fail(error ?? new Error('the handler has destroyed its response'))
        process.nextTick(() => own.emit('close'))
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

function tellOfTheEnd(own: EventEmitter): void {
  own.emit('finish')
  own.emit('close')
}

// (chunk), (chunk, encoding), with a callback behind either, or a callback alone.
function collect(body: AnswerBody, args: readonly unknown[]): void {
  const [chunk, encoding] = args
  const callback = args.at(-1)
  if (typeof callback === 'function') process.nextTick(callback)
  if (typeof chunk === 'string' || chunk instanceof Uint8Array)
    body.push(chunk, typeof encoding === 'string' ? (encoding as BufferEncoding) : 'utf8')
}

function pairsOf(headers: Headers): [string, string][] {
  const pairs: readonly (readonly [unknown, unknown])[] = Array.isArray(headers)
    ? Array.from({ length: headers.length / 2 }, (_, i) => [headers[2 * i], headers[2 * i + 1]])
    : Object.entries(headers)
  return pairs.flatMap(([name, value]) =>
    [value].flat().map((one): [string, string] => [String(name), String(one)]),
  )
}
