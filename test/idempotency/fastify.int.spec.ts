import { randomUUID } from 'node:crypto'
import { idempotentFastify, keepRawFastifyBody } from '@pigeonhole/http'
import fastify, { type FastifyError, type FastifyReply, type FastifyRequest } from 'fastify'
import type pg from 'pg'
import { describeHttp } from './http-conformance.js'
import { type HttpKind, type OrderAnswer, type OrderRequest, tenantOf, webStreamOf } from './http-service.js'

const fastify5: HttpKind = {
  name: 'Fastify',
  wrapped: null,
  earlier: 'set',
  unanswered: 'ANSWER_MISSING',
  refusesEarly: true,
  async serve(service) {
    const app = fastify({ bodyLimit: 10_000, forceCloseConnections: true })
    app.addHook(
      'onRequest',
      async (_request, reply) => void reply.header('x-upstream', randomUUID()).header('x-earlier', 'set'),
    )
    app.addHook('preParsing', keepRawFastifyBody)
    app.addHook('onSend', async () => service.goOn())
    app.setErrorHandler<FastifyError>(async (error, _request, reply) => {
      service.goOn()
      return reply.code(error.statusCode ?? 500).send('failed')
    })
    app.post(
      '/orders',
      idempotentFastify<pg.ClientBase, FastifyRequest, FastifyReply>(
        {
          idempotency: service.idempotency,
          operation: 'POST /orders',
          tenant: ({ headers }) => tenantOf(String(headers['x-tenant'] ?? '')),
        },
        (request, reply, context) => {
          const asked = request.body as OrderRequest
          const branch = (): void =>
            void reply.status(418).type('text/html').header('x-branch', 'left').send('left behind')
          const answering = service.answer(asked, context, branch)
          if (asked.then.endsWith('later'))
            return void answering.then(
              (answer) => send(reply, answer),
              (error) => reply.send(error),
            )
          return answering.then((answer) => {
            if (answer.isSilent) return void setImmediate(() => send(reply, answer))
            if (answer.takesOff) reply.removeHeader(answer.takesOff)
            if (answer.location) return reply.redirect(answer.location)
            send(reply, answer)
            // As Fastify has it, a status that has no body is an answer.
            if (answer.status === 204) return
            if (answer.thrown) throw answer.thrown
            return reply
          })
        },
      ),
    )
    const url = await app.listen({ port: 0, host: '127.0.0.1' })
    return { url, close: () => app.close() }
  },
}

function send(reply: FastifyReply, { status, headers, body, stream, isWeb }: OrderAnswer): void {
  for (const [name, value] of headers) reply.header(name, value)
  reply.code(status)
  if (status === 204) return
  if (stream) reply.send(isWeb ? webStreamOf(stream) : stream)
  else reply.send(Buffer.from(body))
}

describeHttp(fastify5)
