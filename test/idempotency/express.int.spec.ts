import { randomUUID } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { idempotentRoute, keepRawBody } from '@pigeonhole/http'
import express, { type Request, type Response } from 'express'
import type pg from 'pg'
import { describeHttp } from './http-conformance.js'
import { type HttpKind, tenantOf, webStreamOf } from './http-service.js'

const express5: HttpKind = {
  name: 'Express',
  wrapped: 'true',
  earlier: 'set',
  unanswered: 'HANDLER_TIMED_OUT',
  refusesEarly: false,
  async serve(service) {
    const app = express()
    app.use((_request, response, next) => {
      response.set('x-upstream', randomUUID())
      response.set('x-earlier', 'set')
      // As a compression does, or a session that is saved at the end.
      const end = response.end.bind(response)
      response.end = ((...args: Parameters<typeof end>) => {
        response.set('x-wrapped', 'true')
        service.goOn()
        return end(...args)
      }) as typeof response.end
      const json = response.json
      response.json = (body) => json.call(response, body)
      next()
    })
    app.use(express.json({ verify: keepRawBody, limit: 10_000 }))
    app.post(
      '/orders',
      idempotentRoute<pg.ClientBase, Request, Response>(
        {
          idempotency: service.idempotency,
          operation: 'POST /orders',
          tenant: (request) => tenantOf(request.get('x-tenant')),
        },
        async (request, response, context) => {
          const branch = (): void => {
            response.writeHead(418, { 'x-branch': 'left' }).write('left ')
            response.status(418).json('behind')
          }
          const answer = await service.answer(request.body, context, branch)
          const { status, headers, body, stream, isWeb, isLater, location, thrown } = answer
          if (answer.isSilent) return
          if (answer.takesOff) response.removeHeader(answer.takesOff)
          if (location) return response.redirect(location)
          response.status(status)
          for (const [name, value] of headers) response.append(name, value)
          if (stream && isWeb) Readable.fromWeb(webStreamOf(stream)).pipe(response)
          else if (stream) await pipeline(stream, response)
          else if (isLater) setImmediate(() => response.end(body))
          else response.end(body)
          if (thrown) throw thrown
        },
      ),
    )
    const failed: express.ErrorRequestHandler = (error, _request, response, _next) => {
      service.goOn()
      response.status(error.status ?? 500).send('failed')
    }
    app.use(failed)
    const server = createServer(app)
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    return {
      url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      close: () => new Promise((resolve) => server.close(() => resolve())),
    }
  },
}

describeHttp(express5)
