import { randomUUID } from 'node:crypto'
import { type Idempotency, PigeonholeError, type TransactionContext } from '@pigeonhole/core'
import type pg from 'pg'
import { placed } from './placed.js'

/** What a request asks an order service for. */
export interface OrderRequest {
  readonly id: string
  readonly then: 'created' | 'refused' | 'broken' | 'throws' | 'empty' | 'waits' | 'conflicts'
}

/** What the service answers. */
export interface OrderAnswer {
  readonly status: number
  readonly headers: readonly (readonly [string, string])[]
  readonly body: Uint8Array
  /** What the handler throws when it has answered. */
  readonly thrown?: Error
}

const conflict = new PigeonholeError('STORE_CONFLICT', { message: 'deadlock', details: {}, retryable: true })

/** An order service under test, which each framework serves in its own way. */
export class OrderService {
  readonly idempotency: Idempotency<pg.ClientBase>
  /** Ids of requests that have reached the handler. */
  readonly reached: string[] = []
  readonly #gates = new Map<string, () => void>()

  constructor(idempotency: Idempotency<pg.ClientBase>) {
    this.idempotency = idempotency
  }

  /** What the handler does: it writes and publishes whatever it answers. */
  async answer(
    { id, then }: OrderRequest,
    { tx, publish }: TransactionContext<pg.ClientBase>,
  ): Promise<OrderAnswer> {
    await tx.query('INSERT INTO orders (id, name) VALUES ($1, $1)', [id])
    await publish(placed, { id })
    this.reached.push(id)
    if (then === 'waits') await new Promise<void>((open) => this.#gates.set(id, open))
    if (then === 'throws') throw new Error('the handler has failed')
    if (then !== 'conflicts') return answers[then === 'waits' ? 'created' : then]
    const attempt = this.reached.filter((reached) => reached === id).length
    return attempt < 3
      ? { ...answers.created, headers: [['x-attempt', String(attempt)]], thrown: conflict }
      : answers.created
  }

  /** Lets a request that waits go on. */
  open(id: string): void {
    this.#gates.get(id)?.()
  }
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
  empty: { status: 204, headers: [['x-request', 'none']], body: Buffer.alloc(0) },
} satisfies Record<string, OrderAnswer>

/** A server of one framework. */
export interface HttpServer {
  readonly url: string
  close(): Promise<void>
}

/**
 * A way into HTTP. `POST /orders` is answered by the service, `x-tenant` names the tenant, bodies have at most 10,000 bytes, and a
 * middleware gives each answer a header `x-upstream` of its own.
 */
export interface HttpKind {
  readonly name: string
  /** The header `x-wrapped` of a middleware that exchanges methods of the response, where there is such a thing. */
  readonly wrapped: 'true' | null
  serve(service: OrderService): Promise<HttpServer>
}

/** The tenant of a header, as a lookup that finds none for `unknown`. */
export function tenantOf(header: string | null | undefined): string {
  return header === 'unknown' ? (undefined as unknown as string) : (header ?? '')
}
