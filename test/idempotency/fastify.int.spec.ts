import { randomUUID } from 'node:crypto'
import { idempotentFastify, keepRawFastifyBody } from '@pigeonhole/http'
import fastify, { type FastifyReply, type FastifyRequest } from 'fastify'
import type pg from 'pg'
import { describeHttp } from './http-conformance.js'
import { type HttpKind, type OrderRequest, tenantOf } from './http-service.js'

const fastify5: HttpKind = {
  name: 'Fastify',
  wrapped: null,
  async serve(service) {
    const app = fastify({ bodyLimit: 10_000, forceCloseConnections: true })
    app.addHook('onRequest', async (_request, reply) => void reply.header('x-upstream', randomUUID()))
    app.addHook('preParsing', keepRawFastifyBody)
    app.post(
      '/orders',
      idempotentFastify<pg.ClientBase, FastifyRequest, FastifyReply>(
        {
          idempotency: service.idempotency,
          operation: 'POST /orders',
          tenant: ({ headers }) => tenantOf(String(headers['x-tenant'] ?? '')),
        },
        async (request, reply, context) => {
          const answer = await service.answer(request.body as OrderRequest, context)
          const { status, headers, body, thrown } = answer
          for (const [name, value] of headers) reply.header(name, value)
          reply.code(status).send(Buffer.from(body))
          if (thrown) throw thrown
          return reply
        },
      ),
    )
    const url = await app.listen({ port: 0, host: '127.0.0.1' })
    return { url, close: () => app.close() }
  },
}

describeHttp(fastify5)
