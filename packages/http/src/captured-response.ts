import type { OutgoingHttpHeaders, ServerResponse } from 'node:http'
import type { AnswerBody } from './answer-body.js'
import { AttemptResponse, capturedMethods } from './attempt-response.js'
import { grouped } from './header-list.js'
import type { HttpAnswer } from './http-answer.js'

/**
 * A response whose handler writes to it as ever, and which sends nothing of that. Each attempt has a response of its own; while it
 * runs, its methods stand on the object itself, too, because middlewares have kept that. What is sent is sent by {@link send} alone.
 */
export class CapturedResponse<Res extends ServerResponse> {
  readonly #response: Res
  /** Headers that others had set before the handler. */
  readonly #before: OutgoingHttpHeaders
  /** Methods that others had exchanged before: a compression, a session that is saved at the end. */
  readonly #methods: ReadonlyMap<string, PropertyDescriptor | undefined>
  #attempt: AttemptResponse<Res> | undefined

  constructor(response: Res) {
    this.#response = response
    this.#before = response.getHeaders()
    this.#methods = new Map(
      capturedMethods.map((name) => [name, Object.getOwnPropertyDescriptor(response, name)]),
    )
  }

  /**
   * What a handler answers: resolves when it has ended the response, and rejects where it throws, destroys the response, or writes
   * more than `body` takes. Headers that others had set before are no part of it. A handler may be run again, after a conflict: it
   * begins anew, and streams of the earlier attempt are destroyed.
   */
  async answerOf(handler: (response: Res) => unknown, body: AnswerBody): Promise<HttpAnswer> {
    this.#reset()
    const attempt = new AttemptResponse({ response: this.#response, before: this.#before, body })
    this.#attempt = attempt
    this.#exchange(Object.fromEntries(attempt.methods))
    const [answer] = await Promise.all([attempt.answer, (async () => handler(attempt.facade))()])
    return answer
  }

  /**
   * Gives the response back the methods that it had, and takes off it what the handler had set. What is still written behind the end
   * by who has kept the response itself is nobody's: Node would take it for a fault of the response, and end the process.
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
  send({ status, headers, body, removed = [] }: HttpAnswer): void {
    this.release()
    const response = this.#response
    response.statusCode = status
    for (const name of removed) response.removeHeader(name)
    for (const [name, values] of grouped(headers)) response.setHeader(name, values)
    response.end(body)
  }

  #reset(): void {
    this.#attempt?.over()
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
  }

  #exchange(exchanged: Readonly<Record<string, unknown>>): void {
    Object.assign(this.#response, exchanged)
  }
}
