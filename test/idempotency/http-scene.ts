import { randomUUID } from 'node:crypto'
import { createIdempotency, createOutbox, type Idempotency, type IdempotencyOptions } from '@pigeonhole/core'
import { type PostgresProxy, startPostgresProxy } from '@pigeonhole/testing'
import type pg from 'pg'
import { type HttpKind, type HttpServer, type OrderRequest, OrderService } from './http-service.js'
import { type LabClient, OperationLab, pgKind } from './operation-lab.js'

/** An answer as a client has it. */
export interface Received {
  readonly status: number
  readonly headers: Headers
  readonly body: Buffer
}

/** An order service of one kind on a real socket, its database behind a proxy. */
export class HttpScene implements AsyncDisposable {
  readonly lab: OperationLab<pg.ClientBase>
  /** Between the service and PostgreSQL. */
  readonly proxy: PostgresProxy
  readonly idempotency: Idempotency<pg.ClientBase>
  readonly service: OrderService
  readonly server: HttpServer
  readonly #client: LabClient<pg.ClientBase>

  private constructor(
    parts: Pick<HttpScene, 'lab' | 'proxy' | 'idempotency' | 'service' | 'server'>,
    client: LabClient<pg.ClientBase>,
  ) {
    this.lab = parts.lab
    this.proxy = parts.proxy
    this.idempotency = parts.idempotency
    this.service = parts.service
    this.server = parts.server
    this.#client = client
  }

  /** Serves orders; answers have at most 50,000 bytes. */
  static async open(
    kind: HttpKind,
    options: Partial<IdempotencyOptions<pg.ClientBase>> = {},
  ): Promise<HttpScene> {
    const lab = await OperationLab.open(pgKind)
    const url = new URL(lab.url)
    const proxy = await startPostgresProxy({ target: url.host })
    url.host = proxy.address
    const client = pgKind.open(url.href)
    const { store } = client
    const outbox = createOutbox({ store })
    const idempotency = createIdempotency({ store, outbox, maxAnswerBytes: 50_000, ...options })
    const service = new OrderService(idempotency)
    const server = await kind.serve(service)
    return new HttpScene({ lab, proxy, idempotency, service, server }, client)
  }

  /** Sends a request; `key` is the header's value as it is. */
  async send(
    order: OrderRequest,
    key: string | null = order.id,
    { path = '/orders', tenant = '', padding = '' } = {},
  ): Promise<Received> {
    const headers = { 'content-type': 'application/json', 'x-tenant': tenant }
    const response = await fetch(this.server.url + path, {
      method: 'POST',
      redirect: 'manual',
      headers: key === null ? headers : { ...headers, 'idempotency-key': key },
      body: JSON.stringify({ ...order, padding }),
    })
    const body = Buffer.from(await response.arrayBuffer())
    return { status: response.status, headers: response.headers, body }
  }

  /** Sends a request again for as long as an earlier one has not ended: PostgreSQL may learn late of a connection's end. */
  async sendUntilLetIn(order: OrderRequest): Promise<Received> {
    for (;;) {
      const received = await this.send(order)
      if (received.status !== 409) return received
    }
  }

  /** How often a request has reached the handler. */
  runsOf(id: string): number {
    return this.service.reached.filter((reached) => reached === id).length
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server.close()
    await this.#client.end()
    await this.proxy.stop()
    await this.lab[Symbol.asyncDispose]()
  }
}

/** A request for an order of its own. */
export function order(then: OrderRequest['then'], id: string = randomUUID()): OrderRequest {
  return { id, then }
}

/** What a problem says. */
export function problemIn({ body }: Received): unknown {
  return JSON.parse(String(body))
}
