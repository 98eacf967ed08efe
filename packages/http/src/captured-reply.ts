import type { AnswerBody } from './answer-body.js'
import { answerMissing, bodiless } from './answer-errors.js'
import { AttemptReply, copyOf, propertiesOf } from './attempt-reply.js'
import { writePayload } from './fastify-payload.js'
import { grouped, headersBetween } from './header-list.js'
import type { HttpAnswer } from './http-answer.js'

/** Headers of a reply. */
export type FastifyHeaders = Record<string, number | string | string[] | undefined>

/** A reply of Fastify, by its shape. */
export interface FastifyReplyLike {
  statusCode: number
  readonly raw: { statusCode: number; readonly req: object }
  code(status: number): unknown
  header(name: string, value: unknown): unknown
  removeHeader(name: string): unknown
  getHeaders(): FastifyHeaders
  serialize(payload: never): string | ArrayBuffer | Buffer
  send(payload?: unknown): unknown
}

// Fastify itself sends an empty answer, and drops what comes later.
const howToAnswer =
  'return the answer; `return reply` where it is sent later, from a callback; send() where it has no body, or set a status that has none'

/**
 * A reply whose handler sends as ever, and which sends nothing of that. Each attempt has a reply of its own, and begins with the
 * reply as others had left it before the handler.
 */
export class CapturedReply<Rep extends FastifyReplyLike> {
  readonly #reply: Rep
  readonly #operation: string
  readonly #properties: ReadonlyMap<PropertyKey, unknown>
  readonly #status: number
  /** Headers that others had set before the handler: they are no part of its answer. */
  readonly #headers: FastifyHeaders
  #attempt: AttemptReply<Rep> | undefined

  constructor(reply: Rep, operation: string) {
    this.#reply = reply
    this.#operation = operation
    this.#properties = propertiesOf(reply)
    this.#status = reply.raw.statusCode
    this.#headers = { ...reply.getHeaders() }
  }

  /** What a handler answers: what it returns, or sends then or later. It may be run again, after a conflict. */
  async answerOf(
    handler: (reply: Rep) => unknown,
    into: { readonly body: AnswerBody; readonly signal: AbortSignal },
  ): Promise<HttpAnswer> {
    this.release()
    const attempt = new AttemptReply(this.#reply)
    this.#attempt = attempt
    const { facade } = attempt
    const answer = await attempt.answerOf(handler)
    if (!answer && !bodiless.has(facade.statusCode)) throw answerMissing(this.#operation, howToAnswer)
    await writePayload(facade, answer?.payload, into)
    const headers = headersBetween(this.#headers, facade.getHeaders())
    return { status: facade.statusCode, body: into.body.bytes(), ...headers }
  }

  /** Takes off the reply what the handler has done to it: also what Fastify answers to an error has nothing of it. */
  release(): void {
    const reply = this.#reply
    this.#attempt?.over()
    for (const name of Reflect.ownKeys(reply))
      if (!this.#properties.has(name)) Reflect.deleteProperty(reply, name)
    for (const [name, value] of this.#properties) Reflect.set(reply, name, copyOf(value))
    // Not by `code`, after which a redirection would keep to it.
    reply.raw.statusCode = this.#status
    this.#resetHeaders()
  }

  /** Gives the reply an answer in the place of whatever was sent, and returns the body, which Fastify sends. */
  apply({ status, headers, body, removed = [] }: HttpAnswer): Buffer {
    const reply = this.#reply
    this.#attempt?.over()
    this.#resetHeaders()
    reply.code(status)
    // Fastify adds a cookie to those that are there.
    for (const name of [...removed, ...grouped(headers).keys()]) reply.removeHeader(name)
    for (const [name, values] of grouped(headers)) reply.header(name, values)
    return Buffer.from(body)
  }

  #resetHeaders(): void {
    const reply = this.#reply
    for (const name of Object.keys(reply.getHeaders())) reply.removeHeader(name)
    for (const [name, value] of Object.entries(this.#headers))
      if (value !== undefined) reply.header(name, value)
  }
}
