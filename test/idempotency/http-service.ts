import { randomUUID } from 'node:crypto'
import { Readable } from 'node:stream'
import { type Idempotency, PigeonholeError, type TransactionContext } from '@pigeonhole/core'
import type pg from 'pg'
import { placed } from './placed.js'

/** What a request asks an order service for. */
export interface OrderRequest {
  readonly id: string
  readonly then:
    | 'created'
    | 'refused'
    | 'broken'
    | 'throws'
    | 'throws later'
    | 'empty'
    | 'waits'
    | 'conflicts'
    | 'sends later'
    | 'streams'
    | 'streams as the web does'
    | 'never ends'
    | 'breaks off'
    | 'of the hop'
    | 'redirects'
    | 'forwards'
    | 'takes off'
    | 'returns nothing'
    | 'conflicts behind a branch'
    | 'throws behind a branch'
    | 'waits behind a branch'
}

/** What the service answers. */
export interface OrderAnswer {
  readonly status: number
  readonly headers: readonly (readonly [string, string])[]
  readonly body: Uint8Array
  /** What is streamed instead of the body. */
  readonly stream?: Readable
  /** How the stream is handed over: Node's own, or the web's. */
  readonly isWeb?: boolean
  /** Whether it is sent from a callback, after the handler has returned. */
  readonly isLater?: boolean
  /** Where it redirects to, by the framework's own means. */
  readonly location?: string
  /** A header of others that it takes off the response, where there are others. */
  readonly takesOff?: string
  /** Whether it comes to its end without an answer. */
  readonly isSilent?: boolean
  /** What the handler throws when it has answered. */
  readonly thrown?: Error
}

const conflict = new PigeonholeError('STORE_CONFLICT', { message: 'deadlock', details: {}, retryable: true })

/** An order service under test, which each framework serves in its own way. */
export class OrderService {
  readonly idempotency: Idempotency<pg.ClientBase>
  /** Ids of requests that have reached the handler. */
  readonly reached: string[] = []
  /** Streams that handlers have answered with. */
  readonly streams: Readable[] = []
  /** Ids of requests whose handler has written from a branch that it had left behind. */
  readonly branched: string[] = []
  readonly #gates = new Map<string, () => void>()
  #branches: (() => void)[] = []

  constructor(idempotency: Idempotency<pg.ClientBase>) {
    this.idempotency = idempotency
  }

  /**
   * What the handler does: it writes and publishes whatever it answers. `branch` answers once more with status 418, a header `x-branch` and
   * a body of its own, when a branch that nobody waits for comes to it.
   */
  async answer(
    { id, then }: OrderRequest,
    { tx, publish }: TransactionContext<pg.ClientBase>,
    branch: () => void,
  ): Promise<OrderAnswer> {
    await tx.query('INSERT INTO orders (id, name) VALUES ($1, $1)', [id])
    await publish(placed, { id })
    this.reached.push(id)
    if (isBranched(then)) return this.#branching({ id, then }, branch)
    if (then === 'waits') await new Promise<void>((open) => this.#gates.set(id, open))
    if (then === 'throws' || then === 'throws later') throw new Error('the handler has failed')
    if (then === 'sends later') return { ...answers.created, isLater: true }
    if (isStreamed(then)) return this.#streamed(then)
    if (then !== 'conflicts') return answers[then === 'waits' ? 'created' : then]
    const attempt = this.reached.filter((reached) => reached === id).length
    return attempt < 3
      ? { ...answers.created, headers: [['x-attempt', String(attempt)]], thrown: conflict }
      : answers.created
  }

  async #branching({ id, then }: OrderRequest, branch: () => void): Promise<OrderAnswer> {
    if (this.reached.filter((reached) => reached === id).length > 1) {
      this.goOn()
      return answers.created
    }
    this.#branches.push(() => {
      this.branched.push(id)
      branch()
    })
    if (then === 'throws behind a branch') throw new Error('the handler has failed')
    if (then === 'conflicts behind a branch') throw conflict
    return new Promise<OrderAnswer>(() => undefined)
  }

  #streamed(then: Streamed): OrderAnswer {
    const stream = Readable.from(streams[then](), { objectMode: false })
    this.streams.push(stream)
    return { ...answers.created, stream, isWeb: then === 'streams as the web does' }
  }

  /** Has branches that were left behind write what they have. */
  goOn(): void {
    const branches = this.#branches
    this.#branches = []
    for (const write of branches) write()
  }

  /** Lets a request that waits go on. */
  open(id: string): void {
    this.#gates.get(id)?.()
  }
}

// 20 chunks of 1,000 bytes: more than a stream holds at once.
async function* some(): AsyncGenerator<Buffer> {
  for (let i = 0; i < 20; i++) yield Buffer.alloc(1_000, i)
}

async function* endless(): AsyncGenerator<Buffer> {
  for (;;) yield Buffer.alloc(10_000)
}

async function* broken(): AsyncGenerator<Buffer> {
  yield Buffer.from('half')
  throw new Error('the stream has broken')
}

const streams = {
  streams: some,
  'streams as the web does': some,
  'never ends': endless,
  'breaks off': broken,
} satisfies Partial<Record<OrderRequest['then'], () => AsyncGenerator<Buffer>>>

type Streamed = keyof typeof streams

function isStreamed(then: OrderRequest['then']): then is Streamed {
  return then in streams
}

const branched = ['conflicts behind a branch', 'throws behind a branch', 'waits behind a branch'] as const

type Branched = (typeof branched)[number]

function isBranched(then: OrderRequest['then']): then is Branched {
  return (branched as readonly string[]).includes(then)
}

const json = ['content-type', 'application/json'] as const
const answers = {
  get created(): OrderAnswer {
    const headers = [json, ['x-request', randomUUID()], ['set-cookie', 'session=secret']] as const
    return { status: 201, headers, body: Buffer.from([123, 0, 255, 128, 125]) }
  },
  get refused(): OrderAnswer {
    return { status: 409, headers: [json, ['x-request', randomUUID()]], body: Buffer.from('{"stock":0}') }
  },
  broken: { status: 503, headers: [json], body: Buffer.from('{"later":true}') },
  get 'of the hop'(): OrderAnswer {
    const named = [
      ['connection', 'keep-alive, X-Hop'],
      ['x-hop', 'of this connection'],
      ['keep-alive', 'timeout=7'],
      ['proxy-authenticate', 'Basic'],
      ['set-cookie', 'a=1'],
      ['set-cookie', 'b=2'],
    ] as const
    return { ...answers.created, headers: [json, ['x-request', randomUUID()], ...named] }
  },
  get forwards(): OrderAnswer {
    const others = [
      ['idempotency-replayed', 'true'],
      ['pigeonhole-removed', 'x-request'],
    ] as const
    return { ...answers.created, headers: [...answers.created.headers, ...others] }
  },
  get 'takes off'(): OrderAnswer {
    return { ...answers.created, takesOff: 'x-earlier' }
  },
  get 'returns nothing'(): OrderAnswer {
    return { ...answers.created, isSilent: true }
  },
  redirects: { status: 302, headers: [], body: Buffer.alloc(0), location: '/elsewhere' },
  empty: { status: 204, headers: [['x-request', 'none']], body: Buffer.alloc(0) },
} satisfies Record<string, OrderAnswer>

/** A stream of the web that gives what `stream` does. Node's own, Readable.toWeb, throws when it is cancelled while it gives (20.20). */
export function webStreamOf(stream: Readable): ReadableStream<Uint8Array> {
  const chunks = stream.iterator() as AsyncIterator<Uint8Array>
  return new ReadableStream({
    async pull(controller) {
      const { done, value } = await chunks.next()
      if (done) controller.close()
      else controller.enqueue(value)
    },
    cancel: () => void stream.destroy(),
  })
}

/** A server of one framework. */
export interface HttpServer {
  readonly url: string
  close(): Promise<void>
}

/**
 * A way into HTTP. `POST /orders` is answered by the service, `x-tenant` names the tenant, bodies have at most 10,000 bytes, and a
 * middleware gives each answer a header `x-upstream` of its own. Branches go on before an error is answered, and before an answer is sent.
 */
export interface HttpKind {
  readonly name: string
  /** The header `x-wrapped` of a middleware that exchanges methods of the response, where there is such a thing. */
  readonly wrapped: 'true' | null
  /** The header `x-earlier` of a middleware before the handler, where there is a response by then. */
  readonly earlier: 'set' | null
  /** What becomes of a handler that comes to its end without an answer: Express cannot know that none comes later. */
  readonly unanswered: 'ANSWER_MISSING' | 'HANDLER_TIMED_OUT'
  /** Whether a body that is too large is refused while it comes. Express's parsers read the rest off, keep none of it, and answer then. */
  readonly refusesEarly: boolean
  serve(service: OrderService): Promise<HttpServer>
}

/** The tenant of a header, as a lookup that finds none for `unknown`. */
export function tenantOf(header: string | null | undefined): string {
  return header === 'unknown' ? (undefined as unknown as string) : (header ?? '')
}
