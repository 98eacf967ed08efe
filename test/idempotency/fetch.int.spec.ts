import { randomUUID } from 'node:crypto'
import type { AddressInfo } from 'node:net'
import { serve } from '@hono/node-server'
import { idempotentHandler } from '@pigeonhole/http'
import { Hono } from 'hono'
import type pg from 'pg'
import { describeHttp } from './http-conformance.js'
import { type HttpKind, type OrderRequest, tenantOf, webStreamOf } from './http-service.js'

const hono: HttpKind = {
  name: 'a fetch-style handler (Hono)',
  wrapped: null,
  earlier: null,
  unanswered: 'ANSWER_MISSING',
  refusesEarly: true,
  async serve(service) {
    const handle = idempotentHandler<pg.ClientBase>(
      {
        idempotency: service.idempotency,
        operation: 'POST /orders',
        tenant: (request) => tenantOf(request.headers.get('x-tenant')),
        maxBodyBytes: 10_000,
      },
      async (request, context) => {
        const asked = (await request.json()) as OrderRequest
        // Nothing is there to write to but a response of its own.
        const left = new Response('left behind', { status: 418 })
        const branch = (): void => left.headers.set('x-branch', 'left')
        const answer = await service.answer(asked, context, branch)
        const { status, headers, body, stream, isLater, location, thrown } = answer
        if (answer.isSilent) return undefined as unknown as Response
        if (location) return new Response(null, { status, headers: { location } })
        if (thrown) throw thrown
        if (isLater) await new Promise((later) => setImmediate(later))
        const whole = status === 204 ? null : new Uint8Array(body)
        const streamed = stream && webStreamOf(stream)
        const response = new Response(streamed ?? whole, { status })
        for (const [name, value] of headers) response.headers.append(name, value)
        return response
      },
    )
    const app = new Hono()
    app.use(async (context, next) => {
      await next()
      service.goOn()
      context.header('x-upstream', randomUUID())
    })
    app.post('/orders', (context) => handle(context.req.raw))
    app.onError((_, context) => {
      service.goOn()
      return context.text('failed', 500)
    })
    const server = serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' })
    await new Promise((resolve) => server.once('listening', resolve))
    const { port } = server.address() as AddressInfo
    return {
      url: `http://127.0.0.1:${port}`,
      close: () => new Promise((resolve) => server.close(() => resolve())),
    }
  },
}

describeHttp(hono)
