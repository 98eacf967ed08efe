import { type IncomingMessage, ServerResponse } from 'node:http'
import { attemptFacade } from './attempt-facade.js'

interface RawReply {
  readonly raw: { readonly req: object }
}

/** What a handler has sent or returned. */
export interface SentAnswer {
  readonly payload: unknown
}

/**
 * The reply of one attempt: what its handler sends is kept, and what it does with the reply is nobody's once the attempt is over. A
 * branch that the handler has left behind reaches neither a later attempt nor what is sent in the end.
 */
export class AttemptReply<Rep extends RawReply> {
  /** What the handler is given: the reply, for as long as the attempt runs. */
  readonly facade: Rep
  readonly #sending: Promise<void>
  #sent: SentAnswer | undefined
  #isOver = false

  constructor(reply: Rep) {
    const own = new Map<PropertyKey, unknown>()
    this.facade = attemptFacade(reply, { own, isOver: () => this.#isOver, nobodys: () => nobodys(reply) })
    // Fastify's reply is a promise of its own end, which comes behind the transaction.
    own.set('then', undefined)
    this.#sending = new Promise((tellSent) => {
      own.set('send', (payload: unknown): Rep => {
        this.#sent ??= { payload }
        tellSent()
        return this.facade
      })
    })
  }

  /**
   * What a handler answers with, undefined where that is nothing. As Fastify has it: one that returns nothing and is no promise sends
   * later, as does one that returns its reply, and one that has sent may return what it likes.
   */
  async answerOf(handle: (reply: Rep) => unknown): Promise<SentAnswer | undefined> {
    const begun = handle(this.facade)
    const returned = await begun
    if (begun === undefined || returned === this.facade) await this.#sending
    return this.#sent ?? (returned === undefined ? undefined : { payload: returned })
  }

  /** Ends the attempt: whatever it does with its reply from now on is nobody's. */
  over(): void {
    this.#isOver = true
  }
}

/** What Fastify and its plugins keep on a reply, in copies of what can be written to: headers, cookies that are to be set. */
export function propertiesOf(reply: object): ReadonlyMap<PropertyKey, unknown> {
  return new Map(Reflect.ownKeys(reply).map((name) => [name, copyOf(Reflect.get(reply, name))]))
}

/** A copy of what a reply's methods write to; all else as it is. */
export function copyOf(value: unknown): unknown {
  if (value instanceof Map) return new Map(value)
  if (Array.isArray(value)) return [...value]
  const isPlain =
    typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype
  return isPlain ? { ...value } : value
}

// A reply that goes nowhere.
function nobodys<Rep extends RawReply>(reply: Rep): Rep {
  const unsent = Object.create(Object.getPrototypeOf(reply))
  const raw = new ServerResponse(reply.raw.req as IncomingMessage)
  return Object.assign(unsent, Object.fromEntries(propertiesOf(reply)), { raw })
}
