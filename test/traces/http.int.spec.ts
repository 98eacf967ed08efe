import { randomUUID } from 'node:crypto'
import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { getRequestListener } from '@hono/node-server'
import { context, ROOT_CONTEXT, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api'
import { createOutbox, type Idempotency, type TransactionContext } from '@pigeonhole/core'
import {
  idempotentFastify,
  idempotentHandler,
  idempotentRoute,
  keepRawBody,
  keepRawFastifyBody,
} from '@pigeonhole/http'
import { openTelemetryTracing } from '@pigeonhole/opentelemetry'
import express, { type Request, type Response } from 'express'
import fastify, { type FastifyReply, type FastifyRequest } from 'fastify'
import type pg from 'pg'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { OperationLab, pgKind } from '../idempotency/operation-lab.js'
import { placed } from '../idempotency/placed.js'
import { finished, forgetSpans, placeOf, registerSdk, spansNamed } from './finished-spans.js'

const operation = 'POST /orders'
const tracing = openTelemetryTracing()

/** Answers with the status that it is asked for, and publishes. */
async function answer(status: number, { publish }: TransactionContext<pg.ClientBase>): Promise<number> {
  await publish(placed, { id: randomUUID() })
  return status
}

interface Asked {
  readonly status: number
}

type Serve = (idempotency: Idempotency<pg.ClientBase>) => Promise<RequestListener>

const frameworks: readonly (readonly [string, Serve])[] = [
  [
    'Express',
    async (idempotency) =>
      express()
        .use(express.json({ verify: keepRawBody }))
        .post(
          '/orders',
          idempotentRoute<pg.ClientBase, Request, Response>(
            { idempotency, operation },
            async (request, response, tx) => {
              response.status(await answer((request.body as Asked).status, tx)).end()
            },
          ),
        ),
  ],
  [
    'Fastify',
    async (idempotency) => {
      const app = fastify()
      app.addHook('preParsing', keepRawFastifyBody)
      app.post(
        '/orders',
        idempotentFastify<pg.ClientBase, FastifyRequest, FastifyReply>(
          { idempotency, operation },
          async (request, reply, tx) =>
            reply.code(await answer((request.body as Asked).status, tx)).send('answered'),
        ),
      )
      await app.ready()
      return app.routing
    },
  ],
  [
    'a handler from Request to Response',
    async (idempotency) =>
      getRequestListener(
        idempotentHandler({ idempotency, operation }, async (request, tx) => {
          const { status } = (await request.json()) as Asked
          return new Response(null, { status: await answer(status, tx) })
        }),
      ),
  ],
]

/** A listener in a span, as OpenTelemetry's instrumentation of node:http has it: so is what request and response tell theirs. */
function instrumented(listener: RequestListener): RequestListener {
  return (request, response) => {
    const span = trace.getTracer('http').startSpan('POST', { kind: SpanKind.SERVER }, ROOT_CONTEXT)
    response.once('close', () => span.end())
    context.with(trace.setSpan(ROOT_CONTEXT, span), () => {
      context.bind(context.active(), request)
      context.bind(context.active(), response)
      listener(request, response)
    })
  }
}

async function listen(listener: RequestListener): Promise<string> {
  const server: Server = createServer(instrumented(listener))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/orders`
}

let lab: OperationLab<pg.ClientBase>
beforeAll(async () => {
  registerSdk()
  lab = await OperationLab.open(pgKind)
})
afterAll(() => lab[Symbol.asyncDispose]())

describe.each(frameworks)('an operation behind %s', (_, serve) => {
  const open = async (): Promise<string> => {
    forgetSpans()
    const outbox = createOutbox({ store: lab.client.store, tracing })
    return listen(await serve(lab.idempotency({ tracing, outbox })))
  }

  /** Resolves to the status of the answer to a request for `status`. */
  const send = async (url: string, key: string, status: number): Promise<number> => {
    const headers = { 'content-type': 'application/json', 'idempotency-key': key, connection: 'close' }
    const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify({ status }) })
    await response.arrayBuffer()
    return response.status
  }

  it('is a child of its request, also where it is replayed, and what it publishes is its child', async () => {
    const [url, key] = [await open(), randomUUID()]
    for (let time = 1; time <= 2; time++) {
      expect(await send(url, key, 201)).toBe(201)
      await finished('POST', time)
    }
    const [run, repeat] = await finished(`run ${operation}`, 2)
    const requests = await finished('POST', 2)
    expect(run.parentSpanContext).toMatchObject(placeOf(requests[0]))
    expect(repeat?.parentSpanContext?.spanId).toBe(requests[1]?.spanContext().spanId)
    expect([run, repeat].map((span) => span?.attributes['pigeonhole.replayed'])).toEqual([false, true])
    const [create] = await finished('create orders')
    expect(create.parentSpanContext).toMatchObject(placeOf(run))
  })

  it('has not failed where it is refused, and has where its answer is one of 5xx', async () => {
    const url = await open()
    expect(await send(url, randomUUID(), 409)).toBe(409)
    expect(await send(url, randomUUID(), 503)).toBe(503)
    const [refused, broken] = await finished(`run ${operation}`, 2)
    expect(refused.status).toEqual({ code: SpanStatusCode.UNSET })
    expect(refused.attributes).toEqual({ 'pigeonhole.operation': operation, 'pigeonhole.replayed': false })
    expect(broken?.status).toEqual({ code: SpanStatusCode.ERROR })
    expect(broken?.attributes).toEqual({ 'pigeonhole.operation': operation, 'error.type': '503' })
    expect(spansNamed('create orders')).toHaveLength(2)
  })
})
