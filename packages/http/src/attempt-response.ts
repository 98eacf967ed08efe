import { EventEmitter } from 'node:events'
import { type OutgoingHttpHeader, type OutgoingHttpHeaders, ServerResponse } from 'node:http'
import type { Readable } from 'node:stream'
import type { AnswerBody } from './answer-body.js'
import { attemptFacade } from './attempt-facade.js'
import { grouped, headersBetween } from './header-list.js'
import type { HttpAnswer } from './http-answer.js'
import { listenerMethods, listeningTo } from './response-listeners.js'

/** The methods of a response that an attempt answers by. */
export const capturedMethods: readonly string[] = [
  'writeHead',
  'flushHeaders',
  'write',
  'end',
  'destroy',
  ...listenerMethods,
]

type Headers = Readonly<Record<string, OutgoingHttpHeader>> | readonly OutgoingHttpHeader[]

/**
 * What streams look at before they write (`eos` of Node 20 to 24): an attempt takes its answer also when its caller has gone, whose
 * repeat will ask for it.
 */
const openEnded: readonly (readonly [string, unknown])[] = [
  ['destroyed', false],
  ['closed', false],
  ['_closed', false],
]

/** What an attempt's response is made from. */
export interface AttemptParts<Res> {
  readonly response: Res
  /** Headers that others had set before the handler: they are no part of its answer. */
  readonly before: OutgoingHttpHeaders
  readonly body: AnswerBody
}

/**
 * The response of one attempt: what its handler writes is collected in the attempt's own body, and is nobody's once the attempt is
 * over. A branch that the handler has left behind reaches neither a later attempt nor what is sent in the end.
 */
export class AttemptResponse<Res extends ServerResponse> {
  /** What the handler is given: the response, for as long as the attempt runs. */
  readonly facade: Res
  /**
   * The methods that take the place of the response's own while the attempt runs: a middleware that has exchanged, say, `json`
   * calls them on the response itself.
   */
  readonly methods: ReadonlyMap<string, unknown>
  /** Resolves when the handler has ended the response, rejects where it destroys it or writes more than the body takes. */
  readonly answer: Promise<HttpAnswer>
  readonly #parts: AttemptParts<Res>
  /** Listeners of the handler that wait for the end of the response. */
  readonly #own = new EventEmitter()
  /** Streams that the handler has piped into the response. */
  readonly #sources = new Set<Readable>()
  #isEnded = false
  #isOver = false
  #answered: (answer: HttpAnswer) => void = () => undefined
  #failed: (error: unknown) => void = () => undefined

  constructor(parts: AttemptParts<Res>) {
    this.#parts = parts
    this.answer = new Promise((resolve, reject) => {
      this.#answered = resolve
      this.#failed = reject
    })
    const { response } = parts
    const methods = new Map<string, unknown>()
    const own = new Map<string, unknown>(openEnded)
    this.facade = attemptFacade(response, {
      own,
      isOver: () => this.#isOver,
      nobodys: () => nobodys(response),
    })
    for (const [name, method] of Object.entries(this.#capturing())) methods.set(name, method)
    for (const [name, method] of methods) own.set(name, method)
    this.methods = methods
    response.on('pipe', this.#keepSource)
  }

  /** Ends the attempt: whatever it writes from now on is nobody's. */
  over(): void {
    this.#isOver = true
    this.#parts.response.off('pipe', this.#keepSource)
    this.#endSources()
  }

  readonly #keepSource = (source: Readable): void => void this.#sources.add(source)

  // What has not come to its end by then is nobody's.
  #endSources(): void {
    for (const source of this.#sources) source.unpipe().destroy()
    this.#sources.clear()
  }

  #fail(error: unknown): void {
    this.#failed(error)
    this.#endSources()
  }

  #capturing(): Readonly<Record<string, unknown>> {
    const { response } = this.#parts
    return {
      ...listeningTo({ response, own: this.#own, facade: this.facade }),
      writeHead: (status: number, ...rest: readonly unknown[]) => this.#writeHead(status, rest.at(-1)),
      flushHeaders: () => undefined,
      write: (...args: readonly unknown[]) => this.#write(args),
      end: (...args: readonly unknown[]) => this.#end(args),
      destroy: (error?: unknown) => {
        this.#fail(error ?? new Error('the handler has destroyed its response'))
        process.nextTick(() => this.#own.emit('close'))
        return this.facade
      },
    }
  }

  #write(args: readonly unknown[]): boolean {
    // Node takes nothing behind the end either: a second answer, where a handler goes on after its first one, is none.
    if (this.#isEnded || this.#isOver) return false
    try {
      collect(this.#parts.body, args)
      return true
    } catch (error) {
      this.#fail(error)
      return false
    }
  }

  #end(args: readonly unknown[]): Res {
    this.#write(args)
    if (this.#isEnded || this.#isOver) return this.facade
    this.#isEnded = true
    const { response, before, body } = this.#parts
    const headers = headersBetween(before, response.getHeaders())
    this.#answered({ status: response.statusCode, body: body.bytes(), ...headers })
    process.nextTick(() => tellOfTheEnd(this.#own))
    return this.facade
  }

  #writeHead(status: number, headers: unknown): Res {
    const { facade } = this
    facade.statusCode = status
    if (typeof headers === 'object' && headers !== null)
      for (const [name, values] of grouped(pairsOf(headers as Headers))) facade.setHeader(name, values)
    return facade
  }
}

function tellOfTheEnd(own: EventEmitter): void {
  own.emit('finish')
  own.emit('close')
}

// A response that goes nowhere, with the methods that the framework has given its responses.
function nobodys<Res extends ServerResponse>(response: Res): Res {
  const unsent = new ServerResponse(response.req)
  unsent.on('pipe', (source: Readable) => process.nextTick(() => source.unpipe().destroy()))
  return Object.setPrototypeOf(unsent, Object.getPrototypeOf(response))
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
