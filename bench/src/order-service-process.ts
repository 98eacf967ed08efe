import { randomUUID } from 'node:crypto'
import { createIdempotency, createOutbox, topic } from '@pigeonhole/core'
import { idempotentFastify, keepRawFastifyBody } from '@pigeonhole/http'
import { postgresStore } from '@pigeonhole/postgres'
import fastify, { type FastifyReply, type FastifyRequest } from 'fastify'
import pg from 'pg'

/** How the process of an order service is started: JSON in its first argument. */
export interface OrderServiceOptions {
  readonly databaseUrl: string
  /** Connections to the database. */
  readonly connections: number
}

const options = JSON.parse(process.argv[2] ?? '{}') as OrderServiceOptions
const pool = new pg.Pool({ connectionString: options.databaseUrl, max: options.connections })
const store = postgresStore(pool, { preparedStatements: true })
const outbox = createOutbox({ store })
const idempotency = createIdempotency({ store, outbox })
const orders = topic<{ readonly id: string }>('orders', { key: ({ id }) => id })

async function place(tx: pg.ClientBase, input: string): Promise<{ readonly id: string }> {
  const id = randomUUID()
  await tx.query('INSERT INTO placed (id, input) VALUES ($1, $2)', [id, input])
  await outbox.publish(tx, orders, { id })
  return { id }
}

async function inTransaction<R>(work: (tx: pg.ClientBase) => Promise<R>): Promise<R> {
  const client = await pool.connect()
  try {
    await client.query('BEGIN')
    const result = await work(client)
    await client.query('COMMIT')
    return result
  } finally {
    client.release()
  }
}

interface Body {
  readonly input: string
}

const app = fastify()
app.post('/by-hand', async (request, reply) => {
  reply.code(201)
  return inTransaction((tx) => place(tx, (request.body as Body).input))
})
await app.register(async (keyed) => {
  keyed.addHook('preParsing', keepRawFastifyBody)
  keyed.post(
    '/keyed',
    idempotentFastify<pg.ClientBase, FastifyRequest, FastifyReply>(
      { idempotency, operation: 'POST /keyed' },
      (request, reply, { tx }) => {
        reply.code(201)
        return place(tx, (request.body as Body).input)
      },
    ),
  )
})
const url = await app.listen({ port: 0, host: '127.0.0.1' })
process.stdout.write(`${url}\n`)
// The bench that started this process is gone, or has no more use for it.
process.stdin.resume().on('close', () => process.exit())
