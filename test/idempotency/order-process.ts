import { randomUUID } from 'node:crypto'
import { writeSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { createIdempotency, createOutbox, type IdempotencyStore, topic } from '@pigeonhole/core'
import { idempotentRoute, keepRawBody } from '@pigeonhole/http'
import { postgresStore } from '@pigeonhole/postgres'
import express, { type Request, type Response } from 'express'
import pg from 'pg'
import type { OrderBody, OrderPoint, OrderProcessOptions } from './order-points.js'

const options = JSON.parse(process.argv[2] ?? '{}') as OrderProcessOptions

let left = options.occurrence ?? 1

function reach(point: OrderPoint): void {
  if (point !== options.point) return
  left -= 1
  if (left === 0) process.kill(process.pid, 'SIGKILL')
}

// What has been handed to the socket is on its way: the server will have it, whatever becomes of this process.
const sentBy: readonly (readonly [RegExp, OrderPoint])[] = [
  [/^BEGIN/, 'begin:sent'],
  [/^COMMIT/, 'commit:sent'],
  [/^\s*WITH answered/, 'claim:sent'],
  [/^\s*WITH stored/, 'answer:sent'],
]

type Query = (...request: readonly unknown[]) => unknown

function observe(client: pg.PoolClient): void {
  const send = client.query.bind(client) as Query
  client.query = ((...request: readonly unknown[]) => {
    const [first] = request
    const text = typeof first === 'string' ? first : (first as { readonly text: string }).text
    const result = send(...request)
    const point = sentBy.find(([statement]) => statement.test(text))?.[1]
    if (point === undefined || point !== options.point) return result
    return (async () => {
      await nextTurn()
      reach(point)
      return await result
    })()
  }) as typeof client.query
}

const pool = new pg.Pool({ connectionString: options.databaseUrl, max: options.connections ?? 10 })
pool.on('error', () => undefined)
pool.on('connect', observe)
const store = postgresStore(pool, { preparedStatements: options.preparedStatements ?? false })
const observed: IdempotencyStore<pg.ClientBase> = {
  ...store,
  async claimKey(...args) {
    reach('lock:before')
    const claim = await store.claimKey(...args)
    reach('claim:after')
    return claim
  },
  async storeAnswer(...args) {
    const stored = await store.storeAnswer(...args)
    reach('answer:after')
    return stored
  },
  async transaction(...args) {
    const result = await store.transaction(...args)
    reach('commit:acknowledged')
    return result
  },
}
const { timeoutMs = 20_000, expiresMs = 86_400_000, graceMs = 0 } = options
const outbox = createOutbox({ store })
const idempotency = createIdempotency({ store: observed, outbox, timeoutMs, expiresMs, graceMs })
const placed = topic<{ readonly id: string }>(options.topic, { key: ({ id }) => id })

const app = express()
app.use(express.json({ verify: keepRawBody }))
for (const path of ['/orders', '/refunds'])
  app.post(
    path,
    idempotentRoute<pg.ClientBase, Request, Response>(
      {
        idempotency,
        operation: `POST ${path}`,
        tenant: (request) => request.get('x-tenant') ?? '',
      },
      async (request, response, { tx, publish }) => {
        const { id, statement } = request.body as OrderBody
        const attempt = randomUUID()
        await tx.query('INSERT INTO placed (id, tenant, path, attempt) VALUES ($1, $2, $3, $4)', [
          id,
          request.get('x-tenant') ?? '',
          path,
          attempt,
        ])
        await publish(placed, { id })
        reach('handler:during')
        if (statement !== undefined) await tx.query(statement)
        response.status(201).json({ attempt })
      },
    ),
  )
app.post('/forget', async (_request, response) => void response.json(await idempotency.forgetExpired()))
const failed: express.ErrorRequestHandler = (_error, _request, response, _next) => {
  response.status(500).json({})
}
app.use(failed)
const server = createServer(app).listen(0, '127.0.0.1', () => {
  writeSync(1, `${(server.address() as AddressInfo).port}\n`)
})
// Callers keep their connections: one that is closed at the moment of its next use would look like a lost answer.
server.keepAliveTimeout = 0
// The test that started this process is gone, or has no more use for it.
process.stdin.resume().on('close', () => process.kill(process.pid, 'SIGKILL'))
